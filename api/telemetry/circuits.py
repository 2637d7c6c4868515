"""Which experts are left alone, as Prometheus reads it. Made anew at each scrape."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from experts.circuit import State


class CircuitCollector(Collector):
    """The circuits of one worker."""

    def __init__(self, circuits: Mapping[str, State]) -> None:
        self._circuits = circuits

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauge = GaugeMetricFamily(
            "convene_circuit_state",
            "0: it is asked, 1: one call finds out whether it works, 2: it is left alone.",
            labels=("expert",),
        )
        for expert, state in self._circuits.items():
            gauge.add_metric((expert,), float(state))
        yield gauge


def circuit_registry(circuits: Mapping[str, State]) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(CircuitCollector(circuits))
    return registry
