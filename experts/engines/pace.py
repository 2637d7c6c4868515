"""What an engine's work takes and how often it is asked, learned from what it does."""

import math
from dataclasses import dataclass, field

from experts.engines.scene import Costs

SWAP, REPLY = 1.0, 2.0  # seconds, believed before anything was measured
GAIN = 1 / 16  # weight of a new measurement
TAIL = 2.0  # mean deviations above the mean at which few generations still run
MEMORY = 1800.0  # seconds after which an arrival counts for a third
SHORTEST = 1.0  # seconds that a rate is told of: two calls at once are no stream of them


@dataclass(slots=True)
class Mean:
    """A running mean and mean deviation, as TCP keeps them of round trips (RFC 6298)."""

    value: float
    deviation: float = 0.0
    measured: bool = False

    def add(self, value: float) -> None:
        if not self.measured:
            self.value, self.deviation, self.measured = value, value / 4, True
            return
        self.deviation += GAIN * (abs(value - self.value) - self.deviation)
        self.value += GAIN * (value - self.value)


@dataclass(slots=True)
class Pace:
    """Belongs to the engine's thread. The means may start from what is known of engines like it;
    the first measurement replaces that."""

    swap: Mean = field(default_factory=lambda: Mean(SWAP))
    reply: Mean = field(default_factory=lambda: Mean(REPLY))
    read: Mean = field(default_factory=lambda: Mean(0.0))  # weights ahead of a swap
    _calls: dict[str, tuple[float, float]] = field(default_factory=dict)  # base -> weight, when
    _first: float | None = None

    def arrived(self, base: str, now: float) -> None:
        """An interactive call came in."""
        self._first = now if self._first is None else self._first
        self._calls[base] = self._weight(base, now) + 1.0, now

    def costs(self, batch: int) -> Costs:
        tail = self.reply.value + TAIL * self.reply.deviation
        return Costs(self.swap.value, self.reply.value, tail, batch, self.read.value)

    def rates(self, now: float) -> dict[str, float]:
        """Interactive calls per second and base, the recent ones counting most."""
        if self._first is None:
            return {}
        window = MEMORY * -math.expm1((self._first - now) / MEMORY)  # shorter at the beginning
        return {base: self._weight(base, now) / max(window, SHORTEST) for base in self._calls}

    def _weight(self, base: str, now: float) -> float:
        weight, when = self._calls.get(base, (0.0, now))
        return weight * math.exp((when - now) / MEMORY)
