"""First drafts: sites filled up to a time one after another, or groups given out largest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from experts.engines.scheduling.draft import Draft, more
from experts.engines.scheduling.tables import FAR, Tables

RETRIES = 4
EPSILON = 1e-9  # of the time: a part that fits exactly must not fail by a rounding


def largest_first(tables: Tables, until: float = 0.0) -> Draft:
    """Every group whole, the longest first, to the site next to its base that is done with it by
    some time, else to where it is done soonest."""
    draft = Draft.empty(tables)
    for group in sorted(range(len(tables.groups)), key=lambda g: (-tables.groups[g].seconds, g)):
        prompts = tables.groups[group].prompts
        sites = [s for s in range(len(tables.sites)) if tables.may(s, group)]
        ends = {s: tables.finish(s, more(draft.parts[s], group, prompts)) for s in sites}
        away = {s: tables.distance(s, group) if ends[s] <= until else FAR for s in sites}
        draft.put(min(sites, key=lambda s: (away[s], ends[s], s)), group, prompts)
    return draft


def filled(tables: Tables, families: Sequence[int], until: float) -> Draft | None:
    """Every site filled up to a time, split at its edge, family by family; None if not all fits.

    McNaughton's (1959) wrap-around rule, with setups: it splits at most one group a site. What is
    awake is served first, so that other families are opened only where room is left. A family that
    found no room is tried again before the others.
    """
    for _ in range(1 + RETRIES):
        filling = Filling(tables, Draft.empty(tables), until * (1 + EPSILON))
        for family in families:
            filling.stay(family)
        failed = next((family for family in families if not filling.open(family)), None)
        if failed is None:
            return filling.draft
        families = [failed, *(family for family in families if family != failed)]
    return None


@dataclass(slots=True)
class Filling:
    tables: Tables
    draft: Draft
    until: float
    todo: list[dict[int, int]] = field(init=False)  # by family: prompts of a group

    def __post_init__(self) -> None:
        self.todo = [{} for _ in self.tables.families]
        for group, family in enumerate(self.tables.family):
            self.todo[family][group] = self.tables.groups[group].prompts

    def stay(self, family: int) -> None:
        """Fills the sites where a family is awake, what they hold first."""
        todo = self.todo[family]
        awake = [site for site, here in enumerate(self.tables.awake) if here == family]
        for site in awake:
            for group in list(todo):
                if self.tables.holds[site][group]:
                    self._take(site, group, todo)
        for site in awake:
            self._fill(site, todo)

    def open(self, family: int) -> bool:
        """Places what is left of a family; False if there is no room."""
        todo, closed = self.todo[family], set[int]()
        while todo:
            site = self._next(family, todo, closed)
            if site is None:
                return False
            self._fill(site, todo)
            closed.add(site)
        return True

    def _fill(self, site: int, todo: dict[int, int]) -> None:
        while todo and self._best(site, todo):
            pass

    def room(self, site: int) -> float:
        """Seconds left at a site."""
        return self.until - max(self.draft.loads[site], self.tables.sites[site].busy)

    def setup(self, site: int, group: int) -> float:
        """Seconds that the first prompt of a group costs a site on top of its own."""
        draft, tables = self.draft, self.tables
        if group in draft.parts[site]:
            return 0.0
        least = tables.finish(site, draft.parts[site] | {group: 0})
        return least - max(draft.loads[site], tables.sites[site].busy)

    def _next(self, family: int, todo: dict[int, int], closed: set[int]) -> int | None:
        """The site that opens the family soonest; of those the tightest that takes what is left,
        or the roomiest if none does."""
        tables = self.tables
        need = sum(prompts * tables.each[group] for group, prompts in todo.items())

        def rank(site: int) -> tuple[float, bool, float, int]:
            opened = any(tables.family[g] == family for g in self.draft.parts[site])
            opening = 0.0 if opened else tables.opening[site][family]
            room = self.room(site) - opening
            return opening, room < need, room if room >= need else -room, site

        ranked = {s: rank(s) for s in range(len(tables.sites)) if s not in closed}
        able = [s for s, (opening, *_) in ranked.items() if self.room(s) > opening < inf]
        return min(able, key=ranked.__getitem__, default=None)

    def _best(self, site: int, todo: dict[int, int]) -> bool:
        """Takes what the site holds, else the longest group that fits whole, else of the longest
        as much as fits; False if nothing does."""
        tables = self.tables
        order = sorted(todo, key=lambda g: (tables.distance(site, g), -todo[g] * tables.each[g], g))
        room = self.room(site)
        for group in order:
            seconds = todo[group] * tables.each[group]
            if seconds <= room and seconds + self.setup(site, group) <= room:
                return self._take(site, group, todo)
        return any(self._take(site, group, todo) for group in order)

    def _take(self, site: int, group: int, todo: dict[int, int]) -> bool:
        """As many of the group's prompts as fit, unless a part would be too small."""
        least, each = self.tables.groups[group].least, self.tables.each[group]
        room = self.room(site)
        if min(least, todo[group]) * each > room:
            return False
        room -= self.setup(site, group)
        if room < 0:
            return False
        fits = todo[group] if todo[group] * each <= room else int(room / each)
        if 0 < todo[group] - fits < least:
            fits = todo[group] - least
        if fits < 1 or (fits < least and fits < todo[group]):
            return False
        self.draft.put(site, group, fits)
        todo[group] -= fits
        if not todo[group]:
            del todo[group]
        return True
