"""`x-ratelimit-*`: what a client is told of its limits with every answer."""

import math

from api.keys.limits import Level, Standing, Unit, shown

Header = tuple[bytes, bytes]
TOLD = ("limit", "remaining", "reset")
NAMES = {unit: tuple(f"x-ratelimit-{what}-{unit}".encode() for what in TOLD) for unit in Unit}


def headers(standing: Standing, now: float) -> list[Header]:
    """For each unit the limit that is nearest to its end, as OpenAI names and writes them."""
    nearest: dict[Unit, Level] = {}
    for level in standing.levels:
        unit = level.limit.unit
        if unit not in nearest or _share(level) < _share(nearest[unit]):
            nearest[unit] = level
    return [header for level in nearest.values() for header in _told(level, now)]


def _told(level: Level, now: float) -> tuple[Header, Header, Header]:
    unit = level.limit.unit
    limit, remaining, reset = NAMES[unit]
    return (
        (limit, shown(unit, level.limit.amount).encode()),
        (remaining, shown(unit, level.left).encode()),
        (reset, b"%ds" % max(0, math.ceil(level.ends - now))),
    )


def _share(level: Level) -> float:
    return level.left / level.limit.amount
