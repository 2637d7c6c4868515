"""What engine processes are doing, as Prometheus reads it. Made anew at each scrape, so an engine
that is gone leaves nothing behind."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from experts.engines.generation import EngineStatus

LABELS = ("family", "replica")
Read = Callable[[EngineStatus], float]
GAUGES: dict[str, tuple[str, Read]] = {
    "up": ("1 while the process answers, 0 while it restarts.", lambda s: s.up),
    "running": ("Prompts in the engine.", lambda s: s.running),
    "waiting": ("Prompts that are not in the engine yet.", lambda s: sum(s.waiting.values())),
    "waiting_batch": ("Those of them that interactive ones pass.", lambda s: s.waiting_batch),
    "start_seconds": ("Its last start.", lambda s: s.start_seconds),
}
COUNTERS: dict[str, tuple[str, Read]] = {
    "swaps": ("Times that weights were swapped in place.", lambda s: s.swaps),
    "swap_seconds": ("Spent swapping.", lambda s: s.swap_seconds),
    "busy_seconds": ("Spent in the engine.", lambda s: s.busy_seconds),
    "restarts": ("Times that its process was started again.", lambda s: s.restarts),
    "steps": ("Forward passes.", lambda s: s.steps),
    "prompt_tokens": ("Read, of complete replies.", lambda s: s.prompt_tokens),
    "completion_tokens": ("Generated, of complete replies.", lambda s: s.completion_tokens),
    "cached_tokens": ("Of those read, found in the prefix cache.", lambda s: s.cached_tokens),
}


class EngineCollector(Collector):
    """The engines' statuses as metrics; `replica` is an engine's place in its family. None for
    the statuses: they did not come in time."""

    def __init__(self, statuses: Iterable[EngineStatus] | None) -> None:
        self._answered = statuses is not None
        self._engines = [*_placed(statuses or ())]

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        yield GaugeMetricFamily(
            "convene_engines_answered",
            "1 if the engines said in time what they are doing, else 0.",
            value=float(self._answered),
        )
        for name, (says, read) in GAUGES.items():
            gauge = GaugeMetricFamily(f"convene_engine_{name}", says, labels=LABELS)
            for labels, status in self._engines:
                gauge.add_metric(labels, float(read(status)))
            yield gauge
        for name, (says, read) in COUNTERS.items():
            counter = CounterMetricFamily(f"convene_engine_{name}", says, labels=LABELS)
            for labels, status in self._engines:
                counter.add_metric(labels, float(read(status)))
            yield counter
        yield self._words("state", "What it is doing.", lambda status: [status.state])
        yield self._words("resident", "Whose weights it holds.", lambda status: [status.resident])
        yield self._words("held", "Whose weights are in host memory.", lambda status: status.held)

    def _words(
        self, label: str, says: str, read: Callable[[EngineStatus], Iterable[str]]
    ) -> GaugeMetricFamily:
        """A word is a label of a series that is 1 while it holds, and gone afterwards."""
        column = "state" if label == "state" else "base"
        gauge = GaugeMetricFamily(f"convene_engine_{label}", says, labels=(*LABELS, column))
        for labels, status in self._engines:
            for word in read(status):
                if word:
                    gauge.add_metric((*labels, word), 1.0)
        return gauge


def engine_registry(statuses: Iterable[EngineStatus] | None) -> CollectorRegistry:
    """A registry of one scrape."""
    registry = CollectorRegistry()
    registry.register(EngineCollector(statuses))
    return registry


def _placed(statuses: Iterable[EngineStatus]) -> Iterator[tuple[tuple[str, str], EngineStatus]]:
    seen: Counter[str] = Counter()
    for status in statuses:
        yield (status.family, str(seen[status.family])), status
        seen[status.family] += 1
