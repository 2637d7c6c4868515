"""One site's work laid out in time: what each step waits for, and what is read while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from experts.engines.scheduling.caching import farthest
from experts.engines.scheduling.standing import Standing
from experts.engines.scheduling.work import Cache, Costs, Group, Lane, Read, Site, Step


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a group's prompts."""

    group: Group
    prompts: int


def laid_out(site: Site, parts: Sequence[Part], costs: Costs, cache: Cache) -> Lane:
    """Steps in the order of the parts, no two of one base."""
    standing = Standing.of(site)
    reader = Reader(site, parts, costs, cache)
    first = reader.begin(0, at=0.0)
    now, steps = site.busy, []
    for place, part in enumerate(parts):
        group = part.group
        held = standing.holds(group.family, group.base)
        stall = 0.0 if held else max(0.0, reader.ready.get(group.base, 0.0) - now)
        change = standing.change(group.family, group.base, costs)
        generating = now + stall + change
        reads = reader.begin(place + 1, at=generating)
        end = generating + group.share(part.prompts)
        steps.append(Step(group.base, group.family, part.prompts, now, stall, change, end, reads))
        now = end
    return Lane(tuple(steps), first)


@dataclass(slots=True)
class Reader:
    """Reads one base after the other from the disk, those of the next steps first."""

    site: Site
    parts: Sequence[Part]
    costs: Costs
    cache: Cache
    ready: dict[str, float] = field(default_factory=dict)  # when a base that was read is there
    _held: set[str] = field(init=False)
    _uses: dict[str, int] = field(init=False)
    _free: float = 0.0

    def __post_init__(self) -> None:
        standing = Standing.of(self.site)
        self._held = set(self.site.held)
        self._uses = {}
        for place, part in enumerate(self.parts):
            if not standing.holds(part.group.family, part.group.base):
                self._uses[part.group.base] = place
            standing.change(part.group.family, part.group.base, self.costs)

    def begin(self, place: int, at: float) -> tuple[Read, ...]:
        """What to read from this moment on, where the steps before `place` have their weights."""
        if place:
            self._uses.pop(self.parts[place - 1].group.base, None)
        reads: list[Read] = []
        for part in self.parts[place : place + max(1, self.cache.ahead)]:
            base = part.group.base
            if base not in self._uses or base in self._held:
                continue
            evicts = farthest(self._held, base, self._uses, self.costs, self.cache)
            if evicts is None:
                break
            self._held -= set(evicts)
            self._held.add(base)
            self._free = max(self._free, at) + self.costs.reading(base)
            self.ready[base] = self._free
            reads.append(Read(base, evicts))
        return tuple(reads)
