"""What no plan can be faster than."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf

from experts.engines.scheduling.tables import Tables
from experts.engines.scheduling.work import Cache, Costs, Group, Site

HALVINGS = 40


def lower_bound(groups: Sequence[Group], sites: Sequence[Site], costs: Costs) -> float:
    """Seconds below which no plan's makespan can be.

    If a plan is done by time T, then the seconds of generation, of every base's first load and of
    opening each family at as many sites as it needs to be done by T fit into what is left of T at
    the sites that may run these families once they are free and have read a first base; likewise
    each group alone fits into as many sites as it can have parts, and all that must be read fits
    into the disks' time. Each condition asks less the longer T is, so the largest T that breaks
    one, found by halving, is below every makespan.
    """
    return bound_of(Tables.of(groups, sites, costs, Cache()))


def bound_of(tables: Tables) -> float:
    bound = 0.0
    for holds in conditions(tables):
        bound = raised(bound, holds)
    return bound


def raised(low: float, holds: Callable[[float], bool]) -> float:
    """The bound, or the longest time that breaks a condition if that is longer."""
    if holds(low):
        return low
    high = max(1.0, 2 * low)
    while not holds(high):
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return low


@dataclass(frozen=True, slots=True)
class Demand:
    """Work that may run at some sites: all of a family's, or one group's."""

    seconds: float  # of generation
    swaps: tuple[float, ...]  # of each base's first load, the longest first
    parts: int  # sites it can be on at a time
    ready: tuple[tuple[int, float], ...]  # site, and when it could first open it
    opening: tuple[tuple[float, bool], ...]  # of each of these sites; whether it is a start
    first: tuple[float, ...]  # of each of these sites: of opening and loading a first base
    longest: float  # some part takes at least this

    def places(self, until: float) -> int | None:
        """Fewest sites on which it could be done by then; None if there are not enough."""
        left = [
            max(0.0, until - at - first)
            for (_, at), first in zip(self.ready, self.first, strict=True)
        ]
        bare = [
            max(0.0, until - at - opening)
            for (_, at), (opening, _) in zip(self.ready, self.opening, strict=True)
        ]
        left.sort(reverse=True)
        bare.sort(reverse=True)
        if left[0] < self.longest:
            return None
        room, work, total = 0.0, 0.0, self.seconds + sum(self.swaps)
        for count in range(1, min(self.parts, len(left)) + 1):
            room += left[count - 1]
            work += bare[count - 1]
            total -= self.swaps[count - 1] if count <= len(self.swaps) else 0.0
            if room >= self.seconds and work >= total:
                return count
        return None

    def total(self, places: int) -> float:
        """Least seconds of all its sites together, if it is on so many of them."""
        openings = sorted(opening for opening, fresh in self.opening if not fresh)
        starts = sorted(opening for opening, fresh in self.opening if fresh)
        saved = (*self.swaps, *(0.0 for _ in starts))
        openings += [start - saved[i] for i, start in enumerate(starts)]
        openings.sort()
        # A start that is cheaper than the swap it saves would be made in any case.
        setups = sum(cost for i, cost in enumerate(openings) if i < places or cost < 0)
        return self.seconds + max(setups + sum(self.swaps), sum(sorted(self.first)[:places]))


@dataclass(frozen=True, slots=True)
class Together:
    """Families that may run nowhere but at some sites."""

    demands: Sequence[Demand]
    ready: Sequence[float]  # when each of the sites could open one of them
    reads: float  # seconds of what has to be read at one of the sites

    def fits(self, until: float) -> bool:
        if self.reads > until * len(self.ready):
            return False
        total = 0.0
        for each in self.demands:
            places = each.places(until)
            if places is None:
                return False
            total += each.total(places)
        return total <= sum(max(0.0, until - at) for at in self.ready)


def conditions(tables: Tables) -> Iterator[Callable[[float], bool]]:
    """What must hold of a time by which everything is done."""
    groups = range(len(tables.groups))
    members = [[g for g in groups if tables.family[g] == f] for f in range(len(tables.families))]
    families = [demand(tables, each) for each in members]
    able = [frozenset(site for site, _ in each.ready) for each in families]
    for sites in dict.fromkeys((frozenset().union(*able), *able)):
        inside = [f for f, each in enumerate(able) if each <= sites]
        mine = [group for f in inside for group in members[f]]
        yield Together(
            [families[f] for f in inside],
            [first_read(tables, site, mine) for site in sorted(sites)],
            sum(min(tables.read[site][g] for site in sites if tables.may(site, g)) for g in mine),
        ).fits
    for group in groups:
        yield Alone.of(tables, group).fits


@dataclass(frozen=True, slots=True)
class Alone:
    """One group, if there were no others but those that open its family for it."""

    seconds: float
    longest: float  # seconds that one of its parts takes at least
    ready: Sequence[float]  # when sites could generate, as many as it can have parts, soonest first

    @classmethod
    def of(cls, tables: Tables, group: int) -> "Alone":
        work = tables.groups[group]
        sites = [s for s in range(len(tables.sites)) if tables.may(s, group)]
        parts = most_parts(work, len(sites))
        ready = sorted(loaded(tables, site, group) for site in sites)
        return cls(work.seconds, work.share(ceil(work.prompts / parts)), ready[:parts])

    def fits(self, until: float) -> bool:
        return self.longest <= until - self.ready[0] and self.seconds <= sum(
            max(0.0, until - at) for at in self.ready
        )


def loaded(tables: Tables, site: int, group: int) -> float:
    """When a site could have a group's base in its engine, read while another opens the family
    if that is sooner."""
    family, busy = tables.family[group], tables.sites[site].busy
    opening, read = tables.opening[site][family], tables.read[site][group]
    after = max(busy + opening, read) + tables.swap[site][group]
    if tables.fresh[site][family]:
        return min(after, max(busy, read) + opening)
    return after


def demand(tables: Tables, groups: Sequence[int]) -> Demand:
    """Of groups of one family."""
    family = tables.family[groups[0]]
    sites = [s for s in range(len(tables.sites)) if tables.opening[s][family] < inf]
    swaps = (min(tables.swap[s][g] for s in sites) for g in groups)
    parts = [most_parts(tables.groups[g], len(sites)) for g in groups]
    return Demand(
        sum(tables.groups[g].seconds for g in groups),
        tuple(sorted(swaps, reverse=True)),
        sum(parts),
        tuple((site, first_read(tables, site, groups)) for site in sites),
        tuple((tables.opening[s][family], tables.fresh[s][family]) for s in sites),
        tuple(first_load(tables, site, family, groups) for site in sites),
        max(
            tables.groups[g].share(ceil(tables.groups[g].prompts / count))
            for g, count in zip(groups, parts, strict=True)
        ),
    )


def most_parts(group: Group, sites: int) -> int:
    return max(1, min(group.prompts // group.least, sites))


def first_read(tables: Tables, site: int, groups: Iterable[int]) -> float:
    """When the site is free and one of the groups that may run there is read."""
    mine = (tables.read[site][group] for group in groups if tables.may(site, group))
    return max(tables.sites[site].busy, min(mine))


def first_load(tables: Tables, site: int, family: int, groups: Iterable[int]) -> float:
    swap = 0.0 if tables.fresh[site][family] else min(tables.swap[site][g] for g in groups)
    return tables.opening[site][family] + swap
