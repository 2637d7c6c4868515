"""What a site's host memory drops when another base is to be read into it."""

from collections.abc import Iterable, Mapping

from experts.engines.scheduling.work import Cache, Costs

NEVER = float("inf")


def farthest(
    held: Iterable[str], base: str, uses: Mapping[str, int], costs: Costs, cache: Cache
) -> tuple[str, ...] | None:
    """What to drop so that a base fits, farthest next use first (Belady 1966); None if something
    that is used before the base itself would have to go, so that reading it now would not pay.

    `uses` says which step needs a base next. Of those that no step needs, the one that is read
    back soonest goes first: what comes after the plan is not known.
    """
    held = set(held)
    mine = uses.get(base, NEVER)
    over = sum(map(costs.taking, held)) + costs.taking(base) - room_of(base, costs, cache)
    dropped = []
    order = sorted(held, key=lambda b: (-uses.get(b, NEVER), costs.reading(b), b))
    for each in order:
        if over <= 0:
            break
        if uses.get(each, NEVER) <= mine and each in uses:
            return None
        dropped.append(each)
        over -= costs.taking(each)
    return tuple(dropped)


def oldest(
    held: Iterable[str], base: str, touched: Mapping[str, int], costs: Costs, cache: Cache
) -> tuple[str, ...]:
    """What to drop so that a base fits, least recently touched first."""
    held = set(held)
    over = sum(map(costs.taking, held)) + costs.taking(base) - room_of(base, costs, cache)
    dropped = []
    for each in sorted(held, key=lambda b: (touched.get(b, -1), b)):
        if over <= 0:
            break
        dropped.append(each)
        over -= costs.taking(each)
    return tuple(dropped)


def room_of(base: str, costs: Costs, cache: Cache) -> float:
    """The cache's room, or the base's size if that is more: it has to pass through."""
    return max(cache.room, costs.taking(base))
