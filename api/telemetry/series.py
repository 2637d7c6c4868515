"""Counters and histograms that take next to no time: plain numbers until somebody scrapes.

Those of Prometheus's library may be used from any thread, and take ten times as long; these are
counted on the event loop alone.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


class Count:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        self.value += amount


class Spread:
    """One series of a histogram: how many values lie above each bound and up to the next."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


One = TypeVar("One")


class Series(Collector, Generic[One]):
    """A metric's series by their labels."""

    def __init__(self, name: str, says: str, labels: Sequence[str], new: Callable[[], One]) -> None:
        self._told = (name, says, labels)
        self._new = new
        self._found: dict[tuple[str, ...], One] = {}

    def of(self, *labels: str) -> One:
        found = self._found.get(labels)
        if found is None:
            found = self._found[labels] = self._new()
        return found


class Counters(Series[Count]):
    """A counter."""

    def __init__(self, name: str, says: str, labels: Sequence[str]) -> None:
        super().__init__(name, says, labels, Count)

    def collect(self) -> Iterator[CounterMetricFamily]:
        name, says, names = self._told
        family = CounterMetricFamily(name, says, labels=names)
        for labels, count in list(self._found.items()):
            family.add_metric(labels, count.value)
        yield family


class Histograms(Series[Spread]):
    """A histogram."""

    def __init__(
        self, name: str, says: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, says, labels, lambda: Spread(bounds))
        self._named = [*(str(float(bound)) for bound in bounds), "+Inf"]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        name, says, names = self._told
        family = HistogramMetricFamily(name, says, labels=names)
        for labels, spread in list(self._found.items()):
            buckets = list(zip(self._named, accumulate(spread.counts), strict=True))
            family.add_metric(labels, buckets, spread.sum)
        yield family
