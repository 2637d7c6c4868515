"""What engines stand on: memory budgets, who takes turns, threads, and costs to begin with."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experts.cards import Cluster
from experts.engines.cost_store import Name
from experts.engines.costs import Costs
from experts.engines.priors import Device, Size, costs_before, device_of
from experts.engines.residency import Budgets
from experts.engines.station import Station

HOST_SHARE = 0.5  # of a node's free memory, for weights that are not in use
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Footing:
    """Of all stations of a cluster."""

    cluster: Cluster
    longest: Mapping[str, int]  # tokens that a reply may have, by base
    stations: Sequence[Station]

    @property
    def budgets(self) -> Budgets:
        """Bytes of each device, and of each node's memory for engines that sleep."""
        budgets: dict[str, int] = {}
        for station in self.stations:
            berth = station.berth
            if berth is None:
                continue
            if berth.devices:
                budgets |= dict.fromkeys(berth.names, berth.memory)
            elif self.cluster.memory_gib is not None:
                budgets |= dict.fromkeys(berth.names, int(self.cluster.memory_gib * GIB))
            if self.host_bytes is not None:
                budgets[berth.host] = self.host_bytes
        return budgets

    @property
    def contended(self) -> frozenset[str]:
        """Devices on which not all engines fit at once."""
        taken: dict[str, int] = {}
        for station in self.stations:
            for name in station.names:
                taken[name] = taken.get(name, 0) + station.size
        return frozenset(n for n, budget in self.budgets.items() if taken.get(n, 0) > budget)

    @property
    def host_bytes(self) -> int | None:
        """Of each node, for weights that are not in use; None: what is free decides."""
        gib = self.cluster.host_memory_gib
        return None if gib is None else int(gib * GIB)

    def host_share(self, station: Station) -> float:
        """The engine's part of what its node has for weights that are not in use."""
        assert station.berth is not None, "it is about to start"
        here = [s for s in self.stations if s.berth and s.berth.node == station.berth.node]
        return (HOST_SHARE if self.host_bytes is None else 1.0) / len(here)

    def takes_turns(self, station: Station) -> bool:
        """Whether its engine must make room for others."""
        return any(name in self.contended for name in station.names)

    def threads(self, cores: int) -> int:
        """CPU threads per engine, on nodes of so many cores: all but one, which is for everybody
        else, shared by as many engines as are awake at once."""
        awake: Counter[str] = Counter()  # by node
        left: dict[str, float] = dict(self.budgets)
        for station in sorted(self.stations, key=lambda station: station.size):
            if station.berth is None:
                continue
            (name, *_) = station.names
            left[name] = left.get(name, math.inf) - station.size
            awake[station.berth.node] += left[name] >= 0
        return max(1, (cores - 1) // max([1, *awake.values()]))

    def name(self, station: Station) -> Name:
        """Whose costs its engine has."""
        return Name(_device(station).kind, station.family.name)

    @property
    def priors(self) -> dict[Name, Costs]:
        """What every engine is believed to cost before one has run."""
        return {self.name(station): self.prior(station) for station in self.stations}

    def prior(self, station: Station) -> Costs:
        """What an engine is believed to cost before one has run."""
        family = station.family
        width = 4 if family.dtype == "float32" else 2
        size = Size(station.weights, station.weights // width, family.tensor_parallel)
        lengths = {base: self.longest[base] for base in family.bases if base in self.longest}
        return costs_before(size, _device(station), lengths)


def _device(station: Station) -> Device:
    berth = station.berth
    return device_of((berth.gpu or "gpu") if berth and berth.devices else None)
