"""A simulated site that works through jobs, and counts where its time goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from experts.engines.scheduling.caching import farthest, oldest
from experts.engines.scheduling.standing import Standing
from experts.engines.scheduling.work import Cache, Costs, Site


class Eviction(Enum):
    """What the host memory drops for a base to be read."""

    FARTHEST = "farthest next use"
    OLDEST = "least recently used"


@dataclass(frozen=True, slots=True)
class Job:
    """Prompts of one base at one site, with the seconds of generation that they take."""

    base: str
    family: str
    seconds: float


@dataclass(slots=True)
class Tally:
    """Seconds and counts of one site, or of several together."""

    generating: float = 0.0
    changing: float = 0.0  # start, wake and swap
    stalled: float = 0.0  # the engine waited for the disk
    reading: float = 0.0  # the disk was busy
    starts: int = 0
    swaps: int = 0  # an engine on the air, or woken, got other weights
    loads: int = 0  # a base was brought to an engine
    reads: int = 0  # a base was read from disk

    @property
    def overlap(self) -> float:
        """Share of the reading that no engine waited for; 1 if nothing was read."""
        return max(0.0, 1.0 - self.stalled / self.reading) if self.reading else 1.0

    @property
    def hit_rate(self) -> float:
        """Share of the loads that needed no read; 1 if nothing was loaded."""
        return 1.0 - self.reads / self.loads if self.loads else 1.0


@dataclass(slots=True)
class Machine:
    """Takes jobs in the order given, in one run or several. `cache.ahead` may be 0 here: then a
    base is read when its turn has come."""

    site: Site
    costs: Costs
    cache: Cache = field(default_factory=Cache)
    eviction: Eviction = Eviction.FARTHEST
    now: float = field(init=False)
    tally: Tally = field(default_factory=Tally)
    _standing: Standing = field(init=False)
    _ready: dict[str, float] = field(init=False)  # when what is held, or being read, is there
    _touched: dict[str, int] = field(default_factory=dict)  # turn of the last read or use
    _loads: Sequence[str | None] = ()  # what each job has to have brought to its engine
    _disk: float = 0.0  # when it is free
    _turn: int = 0

    def __post_init__(self) -> None:
        self.now = self.site.busy
        self._standing = Standing.of(self.site)
        self._ready = dict.fromkeys(sorted(self.site.held), 0.0)

    def run(self, jobs: Sequence[Job], known: float = 0.0) -> None:
        """Does jobs that are known, and may be read for, from a time on."""
        self._loads = self._brought(jobs)
        self._read_ahead(0, known)
        for place, job in enumerate(jobs):
            self._turn += 1
            base = self._loads[place]
            if base is not None:
                self._await(place, base)
            self._change(job)
            self._read_ahead(place + 1, self.now)
            self.now += job.seconds
            self.tally.generating += job.seconds

    def stop(self, pause: float = 0.0) -> None:
        """Takes every engine here down, and rests."""
        self._standing = Standing(None, {})
        self.now += pause

    def wait(self, until: float) -> None:
        """Idles until a time."""
        self.now = max(self.now, until)

    def seen(self) -> Site:
        """The site as it stands when its jobs are done; what is still being read counts as held."""
        awake, holding = self._standing.awake, dict(self._standing.holding)
        base = holding.pop(awake) if awake is not None else None
        families, held = self.site.families, frozenset(self._ready)
        return Site(self.site.name, families, awake, base, holding, held)

    def _brought(self, jobs: Sequence[Job]) -> list[str | None]:
        standing = Standing(self._standing.awake, dict(self._standing.holding))
        loads = []
        for job in jobs:
            loads.append(None if standing.holds(job.family, job.base) else job.base)
            standing.change(job.family, job.base, self.costs)
        return loads

    def _await(self, place: int, base: str) -> None:
        """Idles until a base is in the host memory."""
        self.tally.loads += 1
        if base not in self._ready:
            self._read(place, base, self.now, since=place)
        self._touched[base] = self._turn
        self.tally.stalled += max(0.0, self._ready[base] - self.now)
        self.wait(self._ready[base])

    def _change(self, job: Job) -> None:
        started = job.family not in self._standing.holding
        held = self._standing.holds(job.family, job.base)
        seconds = self._standing.change(job.family, job.base, self.costs)
        self.tally.starts += started
        self.tally.swaps += not started and not held
        self.tally.changing += seconds
        self.now += seconds

    def _read_ahead(self, place: int, at: float) -> None:
        """Begins to read for the next jobs, until one would have to drop what is used before it."""
        for later, base in enumerate(self._loads[place : place + self.cache.ahead], place):
            if base is None or base in self._ready:
                continue
            if not self._read(later, base, at, since=place):
                return

    def _read(self, place: int, base: str, at: float, since: int) -> bool:
        uses: dict[str, int] = {}
        for later, each in enumerate(self._loads[since:], since):
            if each is not None:
                uses.setdefault(each, later)
        evicts: tuple[str, ...] | None
        if self.eviction is Eviction.FARTHEST:
            evicts = farthest(self._ready, base, uses, self.costs, self.cache)
        else:
            evicts = oldest(self._ready, base, self._touched, self.costs, self.cache)
            if any(uses.get(each, place) < place for each in evicts):
                evicts = None
        if evicts is None:
            return False
        for each in evicts:
            del self._ready[each]
        self._disk = max(self._disk, at) + self.costs.reading(base)
        self._ready[base] = self._disk
        self._touched[base] = self._turn
        self.tally.reads += 1
        self.tally.reading += self.costs.reading(base)
        return True
