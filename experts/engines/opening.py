"""From families of models to a fleet of engines: where each is, what it may take, what it costs."""

import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec

from experts.cards import Cluster
from experts.engines.actor import Orders
from experts.engines.cost_book import CostBook
from experts.engines.costs import Costs
from experts.engines.dispatch import Dispatcher
from experts.engines.families import Family
from experts.engines.fleet import Fleet
from experts.engines.footing import Footing
from experts.engines.layout import laid_out
from experts.engines.moving import Mover
from experts.engines.nodes import Wanted
from experts.engines.places import Places, nodes
from experts.engines.processes import Processes, spawner
from experts.engines.residency import misfits
from experts.engines.station import Station
from experts.errors import RegistryError

logger = logging.getLogger(__name__)


@asynccontextmanager
async def fleet_of(
    families: Sequence[Family], longest: Mapping[str, int], cluster: Cluster, book: CostBook
) -> AsyncIterator[tuple[Fleet, Dispatcher]]:
    """The engines of these families; what fits at once is awake. `longest` says how many tokens a
    reply of each base may have. RegistryError says what is short or wrong, before anything is
    started where that can be told."""
    if cluster.address is None and find_spec("vllm") is None:
        raise RegistryError(
            f"experts.{families[0].experts[0]}: vLLM is not installed here; "
            "pip install 'convene[cpu]' or, where there are GPUs, 'convene[gpu]'"
        )
    started = time.perf_counter()
    async with AsyncExitStack() as stack:
        stations = await _placed(families, cluster, stack)
        footing = Footing(cluster, longest, stations)
        if wrong := misfits([s.occupant(footing.prior(s)) for s in stations], footing.budgets):
            raise RegistryError(f"{wrong[0]}; see cluster.memory_gib")

        def orders(station: Station, costs: Costs) -> Orders:
            return Orders(
                family=station.family,
                base=station.base,
                max_wait=cluster.max_wait,
                host_bytes=footing.host_bytes,
                host_share=footing.host_share(station),
                sleeps=footing.takes_turns(station),
                costs=costs,
            )

        offline = all(family.offline for family in families)
        processes = Processes(spawner(footing.threads(os.cpu_count() or 1), offline=offline))
        mover = Mover(processes, orders, footing, book)
        fleet = Fleet(stations, mover, footing.budgets, cluster.max_wait)
        stack.push_async_callback(fleet.aclose)
        await fleet.begin()
        dispatcher = Dispatcher(fleet, footing.contended)
        stack.push_async_callback(dispatcher.aclose)
        seconds = time.perf_counter() - started
        logger.info("engines ready", extra={"action": "engines_ready", "seconds": seconds})
        yield fleet, dispatcher


async def _placed(
    families: Sequence[Family], cluster: Cluster, stack: AsyncExitStack
) -> list[Station]:
    """A station for each replica, where Ray has reserved it a place."""
    named = {family.name: family for family in families}
    layout = laid_out([wanted(f, cluster.engines) for f in families], await nodes())
    if layout.shortages:
        short = layout.shortages[0]
        raise RegistryError(f"experts.{named[short.family].experts[0]}: {short.why}")
    places = Places()
    stack.push_async_callback(places.aclose)
    berths = await places.reserve(layout.seats)
    return [Station(named[s.family], s.replica, berths[s]) for s in layout.seats]


def wanted(family: Family, engines: int) -> Wanted:
    """What a family asks of the cluster, whose families have so many `engines` each."""
    replicas, gpus = family.replicas or engines, min(family.gpus, 1.0)
    return Wanted(family.name, replicas, gpus, family.tensor_parallel, family.node)
