"""Looks for good drafts: several first ones, made better, and for small problems shaken."""

from collections.abc import Iterator, Sequence
from math import inf

from experts.engines.scheduling.bound import bound_of
from experts.engines.scheduling.draft import Draft, less
from experts.engines.scheduling.filling import filled, largest_first
from experts.engines.scheduling.improving import ENOUGH, improve
from experts.engines.scheduling.tables import Tables

HALVINGS = 8  # of the time between the bound and a draft's end, to one part in 256 of it
SMALL = 100  # sites x groups, up to which every draft is made better and shaken
CHANGES = 300  # to a draft
CLOSE = 0.003  # of a makespan: as good, so that what is read less wins
SHAKES = 1000  # / (sites x groups)


def drafts(tables: Tables) -> Iterator[Draft]:
    """At least one; no more where there is no choice of sites."""
    if len(tables.sites) == 1:
        yield largest_first(tables)
        return
    found = first_drafts(tables)
    small = len(tables.sites) * len(tables.groups) <= SMALL
    for draft in found if small else found[-2:]:
        improve(draft, CHANGES)
        yield draft
    if small:
        yield shaken(min(found, key=lambda draft: draft.makespan))


def first_drafts(tables: Tables) -> list[Draft]:
    """The soonest last."""
    bound = bound_of(tables)
    whole = [largest_first(tables), largest_first(tables, bound)]
    end = min(draft.makespan for draft in whole) * (1 + CLOSE)
    filled_up = [soonest(tables, order, bound, end) for order in family_orders(tables)]
    found = [*whole, *(draft for draft in filled_up if draft is not None)]
    return sorted(found, key=lambda draft: -draft.makespan)


def family_orders(tables: Tables) -> list[Sequence[int]]:
    """Those with the fewest sites first, and of equals the most work first, or the least."""
    families = range(len(tables.families))
    able = [sum(row[family] < inf for row in tables.opening) for family in families]
    work = [0.0 for _ in families]
    for group, family in enumerate(tables.family):
        work[family] += tables.groups[group].seconds
    most = sorted(families, key=lambda f: (able[f], -work[f], f))
    least = sorted(families, key=lambda f: (able[f], work[f], f))
    return [most] if most == least else [most, least]


def soonest(tables: Tables, order: Sequence[int], bound: float, end: float) -> Draft | None:
    """The draft filled up to the least time that is found to do, below `end` if at all."""
    found = filled(tables, order, bound)
    for _ in range(HALVINGS if found is None else 0):
        middle = (bound + end) / 2
        draft = filled(tables, order, middle)
        if draft is None:
            bound = middle
        else:
            found, end = draft, middle
    return found if found is None or found.makespan <= end else None


def shaken(draft: Draft) -> Draft:
    """The best draft found by forcing a family or a group to one site and going on from there,
    again and again until none is better."""
    tables = draft.tables
    left = SHAKES // (len(tables.sites) * len(tables.groups))
    better = True
    while better and left > 0:
        better = False
        for other in forced(draft):
            left -= 1
            improve(other, CHANGES)
            if other.makespan < draft.makespan * (1 - ENOUGH):
                draft, better = other, True
                break
            if left <= 0:
                break
    return draft


def forced(draft: Draft) -> Iterator[Draft]:
    """Drafts with all of a family, or of one group, at one site where it was not."""
    tables = draft.tables
    groups = range(len(tables.groups))
    families = range(len(tables.families))
    for some in (
        *([g for g in groups if tables.family[g] == family] for family in families),
        *([group] for group in groups),
    ):
        for site, parts in enumerate(draft.parts):
            there = all(parts.get(group) == tables.groups[group].prompts for group in some)
            if tables.may(site, some[0]) and not there:
                yield moved(draft, some, site)


def moved(draft: Draft, groups: Sequence[int], site: int) -> Draft:
    other = draft.copy()
    for place, parts in enumerate(other.parts):
        other.set(place, less(parts, groups))
    for group in groups:
        other.put(site, group, draft.tables.groups[group].prompts)
    return other
