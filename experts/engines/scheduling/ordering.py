"""In which order a site works: moves steps about as long as that ends it sooner."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from experts.engines.scheduling.timeline import Part, laid_out
from experts.engines.scheduling.work import Cache, Costs, Lane, Site

Order = list[Part]
Item = TypeVar("Item")


TRIES = 400  # orders laid out for one site, about


def settled(site: Site, order: Order, costs: Costs, cache: Cache) -> Lane:
    """The lane of a better order than the first, if there is one near it. Only waiting for reads
    can be saved, so without any the first one stands."""
    lane = laid_out(site, order, costs, cache)
    for _ in range(TRIES // max(1, len(order) ** 2)):
        if not any(step.stall for step in lane.steps):
            break
        tried = [(laid_out(site, other, costs, cache), other) for other in neighbours(order)]
        soonest, other = min(tried, key=lambda each: each[0].end, default=(lane, order))
        if soonest.end >= lane.end:
            break
        lane, order = soonest, other
    return lane


def neighbours(order: Order) -> Iterator[Order]:
    """Each order with one step elsewhere in its family's turn, or one family's turn elsewhere."""
    turns = by_family(order)
    for place, turn in enumerate(turns):
        for other in inserted(turn):
            yield joined([*turns[:place], other, *turns[place + 1 :]])
    for others in inserted(turns):
        yield joined(others)


def by_family(order: Sequence[Part]) -> list[Order]:
    turns: dict[str, Order] = {}
    for part in order:
        turns.setdefault(part.group.family, []).append(part)
    return list(turns.values())


def joined(turns: Sequence[Order]) -> Order:
    return [part for turn in turns for part in turn]


def inserted(items: list[Item]) -> Iterator[list[Item]]:
    """Each list with one item moved to another place."""
    for place, item in enumerate(items):
        rest = items[:place] + items[place + 1 :]
        for to in range(len(items)):
            if to != place:
                yield [*rest[:to], item, *rest[to:]]
