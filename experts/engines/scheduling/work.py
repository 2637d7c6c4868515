"""What there is to do, where it can be done, and a plan of doing it: the scheduler's values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What is assumed of a family or base that was never measured, in seconds: as published for models
# of about 8B on one GPU (vLLM's sleep mode: wake 3 to 6, start 48; safetensors from NVMe: 4.4).
START, WAKE, SWAP, READ = 48.0, 4.0, 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Group:
    """Prompts that one base answers. Any part of them takes its share of the seconds."""

    base: str
    family: str
    prompts: int
    seconds: float  # of generation, all of them on one engine
    least: int = 1  # fewest prompts worth a part: below, an engine is not filled and shares mislead

    def share(self, prompts: int) -> float:
        """Seconds that some of the prompts take."""
        return self.seconds * prompts / self.prompts


@dataclass(frozen=True, slots=True)
class Site:
    """A place, such as one GPU, with one engine awake at a time."""

    name: str
    families: frozenset[str]  # may run here
    family: str | None = None  # awake
    base: str | None = None  # that the awake engine holds
    asleep: Mapping[str, str | None] = field(default_factory=dict)  # family: base, None if dropped
    held: frozenset[str] = frozenset()  # bases in its host memory: no disk is read for them
    busy: float = 0.0  # seconds until what runs now is done


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds by name. A family that goes on the air puts the one before it to sleep: both are
    in its `start` or `wake`. A start brings its first base along, so it costs no swap."""

    start: Mapping[str, float] = field(default_factory=dict)  # by family
    wake: Mapping[str, float] = field(default_factory=dict)  # by family
    swap: Mapping[str, float] = field(default_factory=dict)  # by base: host memory to engine
    read: Mapping[str, float] = field(default_factory=dict)  # by base: disk to host memory
    size: Mapping[str, float] = field(default_factory=dict)  # by base: of the cache; else 1

    def starting(self, family: str) -> float:
        return self.start.get(family, START)

    def waking(self, family: str) -> float:
        return self.wake.get(family, WAKE)

    def swapping(self, base: str) -> float:
        return self.swap.get(base, SWAP)

    def reading(self, base: str) -> float:
        return self.read.get(base, READ)

    def taking(self, base: str) -> float:
        """Its size in the cache, in the unit of the cache's room."""
        return self.size.get(base, 1.0)


@dataclass(frozen=True, slots=True)
class Cache:
    """The host memory for weights beside each site: room for so many bases, or bytes if
    `Costs.size` says bytes. One base always has room: it must pass through on its way."""

    room: float = float("inf")
    ahead: int = 2  # steps whose bases are read before their turn, at least 1


@dataclass(frozen=True, slots=True)
class Read:
    """A base to bring from disk to host memory, and what to drop for it first."""

    base: str
    evicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Prompts of one base at one site. Times are seconds from now."""

    base: str
    family: str
    prompts: int
    start: float  # the step before has ended
    stall: float  # seconds of waiting for the base to be read
    change: float  # seconds of start, wake and swap
    end: float
    reads: tuple[Read, ...] = ()  # to begin, in this order, when generation begins


@dataclass(frozen=True, slots=True)
class Lane:
    """One site's part of a plan."""

    steps: tuple[Step, ...] = ()
    reads: tuple[Read, ...] = ()  # to begin at once, in this order

    @property
    def end(self) -> float:
        return self.steps[-1].end if self.steps else 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    lanes: Mapping[str, Lane]  # every site, by name

    @property
    def makespan(self) -> float:
        """Seconds until the last prompt is answered; 0 if there is none."""
        return max((lane.end for lane in self.lanes.values()), default=0.0)
