"""Every name that responses have in Redis. All of a tenant's are in one slot of a cluster."""

from urllib.parse import quote


def record(tenant: str, id: str) -> str:
    """A string: one response and the conversation it answered, as JSON."""
    return f"{_of(tenant)}:record:{id}"


def index(tenant: str) -> str:
    """A sorted set of `id:bytes` of what is kept, by when it ends (milliseconds since 1970)."""
    return f"{_of(tenant)}:index"


def held(tenant: str) -> str:
    """A number: the bytes of all that the index lists."""
    return f"{_of(tenant)}:held"


def _of(tenant: str) -> str:
    return f"convene:responses:{{tenant={quote(tenant, safe='')}}}"
