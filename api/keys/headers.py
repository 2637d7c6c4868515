"""`x-ratelimit-*`: what a client is told of its limits with every answer."""

import math

from api.keys.limits import Level, Standing, Unit, shown


def headers(standing: Standing, now: float) -> dict[str, str]:
    """For each unit the limit that is nearest to its end, as OpenAI names and writes them."""
    told: dict[str, str] = {}
    nearest_of: dict[Unit, Level] = {}
    for level in standing.levels:
        other = nearest_of.setdefault(level.limit.unit, level)
        if _share(level) < _share(other):
            nearest_of[level.limit.unit] = level
    for unit, nearest in nearest_of.items():
        told[f"x-ratelimit-limit-{unit}"] = shown(unit, nearest.limit.amount)
        told[f"x-ratelimit-remaining-{unit}"] = shown(unit, nearest.left)
        told[f"x-ratelimit-reset-{unit}"] = f"{max(0, math.ceil(nearest.ends - now))}s"
    return told


def _share(level: Level) -> float:
    return level.left / level.limit.amount
