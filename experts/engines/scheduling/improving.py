"""Makes a draft better, one change at a time, at the site that is done last."""

from collections.abc import Iterator
from dataclasses import dataclass

from experts.engines.scheduling.draft import Draft, less, more
from experts.engines.scheduling.tables import Parts

ENOUGH = 1e-6  # of the time: a gain below is none


@dataclass(frozen=True, slots=True)
class Trade:
    """What two sites would do instead, and when the later of them would be done."""

    end: float
    one: int
    one_parts: Parts
    other: int
    other_parts: Parts


def improve(draft: Draft, rounds: int) -> None:
    """Until nothing helps, for at most so many changes. Each takes something from the site that is
    done last, so that it and its counterpart are both done sooner than it was."""
    for _ in range(rounds):
        last = max(range(len(draft.loads)), key=lambda s: (draft.loads[s], -s))
        trade = best(moves(draft, last), draft.loads[last]) or best(
            exchanges(draft, last), draft.loads[last]
        )
        if trade is None:
            return
        draft.set(trade.one, trade.one_parts)
        draft.set(trade.other, trade.other_parts)


def best(trades: Iterator[Trade], end: float) -> Trade | None:
    """The trade that ends first, if that is sooner than now; of equals the first."""
    found = min(trades, key=lambda trade: trade.end, default=None)
    return found if found is not None and found.end < end * (1 - ENOUGH) else None


def moves(draft: Draft, site: int) -> Iterator[Trade]:
    """A group, a part of it or a whole family, to another site."""
    tables, parts = draft.tables, draft.parts[site]
    others = [s for s in range(len(tables.sites)) if s != site]
    for other in sorted(others, key=lambda s: (draft.loads[s], s)):
        for group in parts:
            if tables.may(other, group):
                yield from moved(draft, site, other, group)
        for family in {tables.family[group]: None for group in parts}:
            members = [group for group in parts if tables.family[group] == family]
            if len(members) > 1 and tables.may(other, members[0]):
                yield traded(draft, site, other, members, [])


def moved(draft: Draft, site: int, other: int, group: int) -> Iterator[Trade]:
    """All of a group's prompts here, or as many as leave both sites done at about one time."""
    tables, load = draft.tables, draft.loads[site]
    prompts, least = draft.parts[site][group], tables.groups[group].least
    first = tables.finish(other, more(draft.parts[other], group, 0))
    if first >= load:
        return
    yield traded(draft, site, other, [group], [])
    fewest = 1 if group in draft.parts[other] else least
    half = int((load - first) / 2 / tables.each[group]) if tables.each[group] else 0
    for count in (half, half + 1):
        if fewest <= count <= prompts - least:
            mine = draft.parts[site] | {group: prompts - count}
            yield finished(draft, site, mine, other, more(draft.parts[other], group, count))


def exchanges(draft: Draft, site: int) -> Iterator[Trade]:
    """A group here for a shorter one elsewhere."""
    tables, here = draft.tables, draft.parts[site]
    for other, there in enumerate(draft.parts):
        slack = draft.loads[site] - draft.loads[other]
        if other == site or slack <= 0:
            continue
        for mine in here:
            gives = here[mine] * tables.each[mine]
            for theirs in there:
                gains = gives - there[theirs] * tables.each[theirs]
                if mine == theirs or not -slack < gains < slack:
                    continue
                if tables.may(other, mine) and tables.may(site, theirs):
                    yield traded(draft, site, other, [mine], [theirs])


def traded(draft: Draft, site: int, other: int, mine: list[int], theirs: list[int]) -> Trade:
    """Groups here for groups there."""
    here, there = draft.parts[site], draft.parts[other]
    new_here, new_there = less(here, mine), less(there, theirs)
    for group in theirs:
        new_here = more(new_here, group, there[group])
    for group in mine:
        new_there = more(new_there, group, here[group])
    return finished(draft, site, new_here, other, new_there)


def finished(draft: Draft, one: int, one_parts: Parts, other: int, other_parts: Parts) -> Trade:
    finish = draft.tables.finish
    end = max(finish(one, one_parts), finish(other, other_parts))
    return Trade(end, one, one_parts, other, other_parts)
