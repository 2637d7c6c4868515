"""What the search asks thousands of times, looked up once: seconds by place of site and group."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from experts.engines.scheduling.standing import Standing
from experts.engines.scheduling.work import Cache, Costs, Group, Site

FAR = 3  # of a base: another site has it nearer

Parts = dict[int, int]  # group: prompts, at one site


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows are sites, columns groups or families, each in the order of their names."""

    groups: Sequence[Group]
    sites: Sequence[Site]
    families: Sequence[str]
    ahead: int
    each: list[float]  # seconds a prompt
    family: list[int]  # of a group
    awake: list[int]  # family at a site; -1 if none that has work
    opening: list[list[float]]  # seconds until a family is awake; infinite where it may not run
    fresh: list[list[bool]]  # whether it would be started, which brings its first base along
    holds: list[list[bool]]  # whether an engine has a group's base
    swap: list[list[float]]  # 0 where it has
    read: list[list[float]]  # 0 where it, or the host memory, has
    reads: list[bool] = field(init=False)  # whether a site reads anything at all
    near: list[bool] = field(init=False)  # whether some site would not read a group's base

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", [any(row) for row in self.read])
        object.__setattr__(self, "near", [0.0 in row for row in zip(*self.read, strict=True)])

    @classmethod
    def of(
        cls, groups: Sequence[Group], sites: Sequence[Site], costs: Costs, cache: Cache
    ) -> "Tables":
        groups = sorted(groups, key=lambda group: group.base)
        sites = sorted(sites, key=lambda site: site.name)
        families = sorted({group.family for group in groups})
        stands = [Standing.of(site) for site in sites]
        holds = [[stand.holds(g.family, g.base) for g in groups] for stand in stands]
        return cls(
            groups,
            sites,
            families,
            max(1, cache.ahead),
            [group.share(1) for group in groups],
            [families.index(group.family) for group in groups],
            [families.index(site.family) if site.family in families else -1 for site in sites],
            [
                [stand.opening(f, costs) if f in site.families else inf for f in families]
                for site, stand in zip(sites, stands, strict=True)
            ],
            [[f not in stand.holding for f in families] for stand in stands],
            holds,
            [
                [
                    0.0 if held else costs.swapping(g.base)
                    for held, g in zip(row, groups, strict=True)
                ]
                for row in holds
            ],
            [
                [
                    0.0 if held or g.base in site.held else costs.reading(g.base)
                    for held, g in zip(row, groups, strict=True)
                ]
                for site, row in zip(sites, holds, strict=True)
            ],
        )

    def may(self, site: int, group: int) -> bool:
        return self.opening[site][self.family[group]] < inf

    def distance(self, site: int, group: int) -> int:
        """How far off a group's base is: in an engine, in host memory, on disk everywhere, or
        nearer to another site."""
        if self.holds[site][group]:
            return 0
        if not self.read[site][group]:
            return 1
        return FAR if self.near[group] else 2

    def finish(self, site: int, parts: Parts) -> float:
        """When the site would be done; 0 with nothing to do."""
        if not parts:
            return 0.0
        if self.reads[site]:
            return self._with_reads(site, parts)
        seconds, saved = self.sites[site].busy, {}
        for group, prompts in parts.items():
            family, swap = self.family[group], self.swap[site][group]
            seconds += swap + prompts * self.each[group]
            if family not in saved:
                seconds += self.opening[site][family]
                saved[family] = swap if self.fresh[site][family] else 0.0
            elif swap > saved[family] and self.fresh[site][family]:
                saved[family] = swap
        return seconds - sum(saved.values())

    def _with_reads(self, site: int, parts: Parts) -> float:
        now, free = self.sites[site].busy, 0.0
        read, swap = self.read[site], self.swap[site]
        order = self.ordered(site, parts)
        begun = [0.0] * self.ahead  # when the steps before began to generate, oldest first
        family = -1
        for group in order:
            if read[group]:
                free = max(free, begun[0]) + read[group]
                now = max(now, free)
            if self.family[group] != family:
                family = self.family[group]
                now += self.opening[site][family]
                now += 0.0 if self.fresh[site][family] else swap[group]
            else:
                now += swap[group]
            begun.append(now)
            del begun[0]
            now += parts[group] * self.each[group]
        return now

    def ordered(self, site: int, parts: Parts) -> list[int]:
        """Families in turn, the awake one first, then those that need not wait long for a read.

        In its turn what its engine holds is first. Then as Johnson (1954) has it for a disk and an
        engine in a row: what is read faster than it is run, the fastest read first; then the rest,
        the longest run first. Of those that are read alike the largest goes first: while it runs,
        more may come for the others, and a fuller batch takes hardly longer.
        """
        read, swap, holds = self.read[site], self.swap[site], self.holds[site]

        def rank(group: int) -> tuple[float, ...]:
            run = swap[group] + parts[group] * self.each[group]
            late = read[group] > run
            how_soon = -run if late else read[group]
            return (not holds[group], late, how_soon, -parts[group], group)

        turns: dict[int, list[int]] = {}
        for group in sorted(parts, key=rank):
            turns.setdefault(self.family[group], []).append(group)
        for family, turn in turns.items():
            if self.fresh[site][family]:  # the first comes with the start: the costliest swap
                first = max(turn, key=lambda g: swap[g] - read[g])
                turn.remove(first)
                turn.insert(0, first)

        def when(family: int) -> tuple[bool, float, float, int]:
            first = read[turns[family][0]]
            return family != self.awake[site], first, self.opening[site][family], family

        return [group for family in sorted(turns, key=when) for group in turns[family]]
