"""Plans a round: which site answers what, in which order, and what is read meanwhile. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from experts.engines.scheduling.draft import Draft
from experts.engines.scheduling.drafts import CLOSE, drafts
from experts.engines.scheduling.ordering import settled
from experts.engines.scheduling.tables import Tables
from experts.engines.scheduling.timeline import Part, laid_out
from experts.engines.scheduling.work import Cache, Costs, Group, Lane, Plan, Site

ANY = Cache()


def schedule(
    groups: Sequence[Group], sites: Sequence[Site], costs: Costs, cache: Cache = ANY
) -> Plan:
    """Every prompt of every group once, at sites that may run its family, done as soon as found.

    At a site each family has one turn and each base one step in it. Equal inputs, in whatever
    order, give equal plans. Groups of one base are taken together. ValueError if a group may run
    nowhere, or a base is in two families.
    """
    tables = Tables.of(together(groups), sites, costs, cache)
    for place, group in enumerate(tables.groups):
        if not any(tables.may(site, place) for site in range(len(tables.sites))):
            raise ValueError(
                f"no site may run {group.family}, which {group.base} needs; "
                "give it a site, or leave its prompts out"
            )
    if not tables.groups:
        return Plan({site.name: Lane() for site in sites})
    plans = [planned(draft, costs, cache) for draft in drafts(tables)]
    soonest = min(plan.makespan for plan in plans)
    close = [plan for plan in plans if plan.makespan <= soonest * (1 + CLOSE)]
    return min(close, key=lambda plan: (reading(plan, costs), plan.makespan))


def planned(draft: Draft, costs: Costs, cache: Cache) -> Plan:
    """The draft in time, in a better order where it ends last."""
    tables = draft.tables
    orders = {
        site.name: (site, in_order(tables, place, parts))
        for place, (site, parts) in enumerate(zip(tables.sites, draft.parts, strict=True))
    }
    lanes = {name: laid_out(*each, costs, cache) for name, each in orders.items()}
    for _ in orders:
        last = max(lanes, key=lambda name: lanes[name].end)
        lane = settled(*orders[last], costs, cache)
        if lane.end >= lanes[last].end:
            break
        lanes[last] = lane
    return Plan(lanes)


def reading(plan: Plan, costs: Costs) -> float:
    """Seconds that its disks are busy."""
    reads = chain.from_iterable(
        chain(lane.reads, *(step.reads for step in lane.steps)) for lane in plan.lanes.values()
    )
    return sum(costs.reading(read.base) for read in reads)


def in_order(tables: Tables, site: int, parts: dict[int, int]) -> list[Part]:
    return [Part(tables.groups[g], parts[g]) for g in tables.ordered(site, parts)]


def together(groups: Sequence[Group]) -> list[Group]:
    """One group for each base that has prompts."""
    merged: dict[str, Group] = {}
    for group in groups:
        known = merged.setdefault(group.base, group)
        if known.family != group.family:
            raise ValueError(
                f"{group.base} is in the families {known.family} and {group.family}; name one"
            )
        if known is not group:
            merged[group.base] = replace(
                known,
                prompts=known.prompts + group.prompts,
                seconds=known.seconds + group.seconds,
                least=max(known.least, group.least),
            )
    return [group for group in merged.values() if group.prompts]
