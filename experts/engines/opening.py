"""From families of models to a fleet of engines: where each is, what it may take, what it costs."""

import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec

from redis.asyncio import Redis

from experts.cards import Cluster
from experts.engines.actor import Orders
from experts.engines.cost_book import CostBook
from experts.engines.cost_store import CostStore
from experts.engines.costs import Costs
from experts.engines.dispatch import Dispatcher
from experts.engines.families import Family
from experts.engines.fleet import Fleet
from experts.engines.footing import Footing
from experts.engines.layout import laid_out
from experts.engines.moving import Mover
from experts.engines.places import Places, nodes
from experts.engines.processes import Processes, spawner
from experts.engines.reading import bytes_on_disk
from experts.engines.relocating import relocating, wanted
from experts.engines.residency import misfits
from experts.engines.station import Station
from experts.errors import RegistryError

logger = logging.getLogger(__name__)


@asynccontextmanager
async def fleet_of(
    families: Sequence[Family],
    longest: Mapping[str, int],
    cluster: Cluster,
    redis: Redis | None = None,
) -> AsyncIterator[tuple[Fleet, Dispatcher]]:
    """The engines of these families; what fits at once is awake. `longest` says how many tokens a
    reply of each base may have; in `redis` is what engines were seen to cost. RegistryError says
    what is short or wrong, before anything is started where that can be told."""
    if cluster.address is None and find_spec("vllm") is None:
        raise RegistryError(
            f"experts.{families[0].experts[0]}: vLLM is not installed here; "
            "pip install 'convene[cpu]' or, where there are GPUs, 'convene[gpu]'"
        )
    started = time.perf_counter()
    async with AsyncExitStack() as stack:
        places = Places()
        stack.push_async_callback(places.aclose)
        stations = await _placed(families, cluster, places)
        footing = Footing(cluster, longest, stations)
        book = CostBook(CostStore(redis) if redis else None)
        await book.open(footing.priors)
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
        fleet = Fleet(stations, mover, footing, cluster.max_wait)
        stack.push_async_callback(fleet.aclose)
        await fleet.begin()
        if cluster.address is not None:
            await stack.enter_async_context(relocating(fleet, places, cluster))
        dispatcher = Dispatcher(fleet)
        stack.push_async_callback(dispatcher.aclose)
        seconds = time.perf_counter() - started
        logger.info("engines ready", extra={"action": "engines_ready", "seconds": seconds})
        yield fleet, dispatcher


async def _placed(families: Sequence[Family], cluster: Cluster, places: Places) -> list[Station]:
    """A station for each replica, where Ray has reserved it a place."""
    named = {family.name: family for family in families}
    layout = laid_out([wanted(f, cluster.engines) for f in families], await nodes())
    if layout.shortages:
        short = layout.shortages[0]
        raise RegistryError(f"experts.{named[short.family].experts[0]}: {short.why}")
    berths = await places.reserve(layout.seats)
    weights = {f.name: max(bytes_on_disk(base) for base in f.bases) for f in families}
    return [
        Station(named[seat.family], seat, berths[seat], weights[seat.family])
        for seat in layout.seats
    ]
