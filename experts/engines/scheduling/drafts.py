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
SHAKES = 2000  # / (sites x groups)


def drafts(tables: Tables) -> Iterator[Draft]:
    """At least one, without a group if there is none."""
    found = first_drafts(tables)
    small = len(tables.sites) * len(tables.groups) <= SMALL
    for draft in found if small else found[-1:]:
        improve(draft, CHANGES)
        yield draft
    if small:
        yield shaken(min(found, key=lambda draft: draft.makespan))


def first_drafts(tables: Tables) -> list[Draft]:
    """The soonest last."""
    whole = largest_first(tables)
    bound, end = bound_of(tables), whole.makespan
    filled_up = [soonest(tables, order, bound, end) for order in family_orders(tables)]
    found = [whole, *(draft for draft in filled_up if draft is not None)]
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
    """The best draft found by forcing one group after the other to one site and going on from
    there, again and again until none is better."""
    tables = draft.tables
    left = SHAKES // max(1, len(tables.sites) * len(tables.groups))
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
    """Drafts with all of one group at one site where it was not."""
    tables = draft.tables
    for group, work in enumerate(tables.groups):
        for site, parts in enumerate(draft.parts):
            if tables.may(site, group) and parts.get(group) != work.prompts:
                other = draft.copy()
                for place, there in enumerate(other.parts):
                    if group in there:
                        other.set(place, less(there, [group]))
                other.put(site, group, work.prompts)
                yield other
