"""Every name that keys have in Redis."""

from api.keys.limits import Period, Unit

INDEX = "convene:keys:index"  # a set of the ids of all keys, revoked ones too


def record(id: str) -> str:
    """A string: the key as JSON, its secrets as salted hashes."""
    return f"convene:keys:{{{id}}}:record"


def flight(id: str) -> str:
    """A sorted set of the reservations in flight, by when their lease ends."""
    return f"convene:keys:{{{id}}}:flight"


def lines(id: str) -> str:
    """The same of lines of batches, which take none of the places that people's requests have."""
    return f"convene:keys:{{{id}}}:lines"


def used(id: str, unit: Unit, period: Period, window: str) -> str:
    """A number: what was used and is reserved in one window; gone some time after its end."""
    return f"convene:keys:{{{id}}}:used:{unit}:{period}:{window}"
