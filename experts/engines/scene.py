"""What the choice of whose turn it is looks at: who waits since when, and what the work takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from experts.types import Priority

BATCH_FACTOR = 10.0  # batch work may wait so many times longer than interactive work


@dataclass(frozen=True, slots=True)
class Costs:
    """What an engine's work takes, in seconds, as measured."""

    swap: float  # another base's weights in the place of these
    reply: float  # one generation, on average
    tail: float  # until the last of a group has ended, with few exceptions
    batch: int  # generations at once
    read: float = 0.0  # the part of a swap that is saved by reading ahead

    def group(self, prompts: int) -> float:
        """Seconds that so many prompts of one base take together."""
        return self.tail * max(1.0, prompts / self.batch)


@dataclass(frozen=True, slots=True)
class Demand:
    """Prompts of one base and one class that wait."""

    prompts: int
    oldest: float  # when the first of them arrived
    turn: float = -math.inf  # of batch work: when some was last admitted

    @property
    def since(self) -> float:
        """Since when none of them was admitted."""
        return max(self.oldest, self.turn)


Line = Mapping[Priority, Demand]  # what waits for one base


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known when an engine's next step is decided. Times are of the caller's clock."""

    now: float
    resident: str
    since: float  # when the resident base was swapped in
    admitted: int  # prompts since then
    running: int  # of the resident base
    lines: Mapping[str, Line]  # only bases that somebody waits for
    costs: Costs
    max_wait: float  # seconds, interactive; batch work may wait `BATCH_FACTOR` times longer
    rates: Mapping[str, float] = field(default_factory=dict)  # interactive calls per second
    ended: float = -math.inf  # when the last generation ended
    unread: frozenset[str] = frozenset()  # bases that are being read ahead, or will be

    def due(self, base: str) -> float:
        """When the first of a base's waiting prompts must have started."""
        return min(
            demand.since + self.max_wait * (BATCH_FACTOR if priority is Priority.BATCH else 1.0)
            for priority, demand in self.lines[base].items()
        )

    def oldest(self, base: str) -> float:
        return min(demand.oldest for demand in self.lines[base].values())

    def prompts(self, base: str) -> int:
        return sum(demand.prompts for demand in self.lines[base].values())

    def group(self, base: str) -> float:
        """Seconds of a visit to a base. Batch work can be left when some of it is done."""
        demand = self.lines[base].get(Priority.INTERACTIVE)
        return self.costs.group(demand.prompts if demand else 1)

    @property
    def others(self) -> list[str]:
        """The bases that wait for a swap, the most urgent first."""
        others = [base for base in self.lines if base != self.resident]
        return sorted(others, key=lambda base: (self.due(base), base))
