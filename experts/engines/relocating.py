"""Notices when machines leave a cluster or come, and gives engines without a place another."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from experts.cards import Cluster
from experts.engines.families import Family
from experts.engines.fleet import Fleet
from experts.engines.layout import Seat, moved
from experts.engines.nodes import Node, Wanted
from experts.engines.places import Places, nodes
from experts.engines.processes import Berth
from experts.engines.station import Station
from experts.errors import RegistryError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks at the cluster's nodes


Look = Callable[[], Awaitable[Sequence[Node]]]


@asynccontextmanager
async def relocating(
    fleet: Fleet, places: Places, cluster: Cluster, look: Look = nodes
) -> AsyncIterator[None]:
    """Watches the cluster's nodes, as `look` tells them, until the context ends."""
    task = asyncio.create_task(_watch(fleet, places, cluster.engines, look), name="watch the nodes")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def wanted(family: Family, engines: int) -> Wanted:
    """What a family asks of the cluster, whose families have so many `engines` each."""
    replicas, gpus = family.replicas or engines, min(family.gpus, 1.0)
    return Wanted(family.name, replicas, gpus, family.tensor_parallel, family.node)


async def _watch(fleet: Fleet, places: Places, engines: int, look: Look) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            there = await look()
            lost = stranded(fleet.stations, there)
            if lost:
                await _relocate(fleet, lost, there, places, engines)
        except Exception:  # the cluster may not answer for a while; engines that run go on
            logger.exception("no look at the nodes", extra={"action": "nodes_unknown"})


def stranded(stations: Sequence[Station], there: Sequence[Node]) -> list[Station]:
    """Those whose place is gone."""
    alive = {node.id for node in there}
    return [s for s in stations if s.berth is None or s.berth.node not in alive]


async def _relocate(
    fleet: Fleet, lost: Sequence[Station], there: Sequence[Node], places: Places, engines: int
) -> None:
    for station in lost:
        fleet.strand(station)
    kept = [station.seat for station in fleet.stations if station not in lost]
    kinds = {station.family.name: station.family for station in fleet.stations}
    layout = moved(kept, [wanted(family, engines) for family in kinds.values()], there)
    seats = {(seat.family, seat.replica): seat for seat in layout.seats if seat not in kept}
    berths: dict[Seat, Berth] = {}
    for seat in seats.values():  # one by one: what is granted is kept, whatever is not
        try:
            berths |= await places.reserve([seat])
        except RegistryError as error:
            logger.warning("%s", error, extra={"action": "not_relocated"})
    short = {shortage.family: shortage.why for shortage in layout.shortages}
    for station in lost:
        place = seats.get((station.seat.family, station.seat.replica))
        if place in berths:
            fleet.settle(station, place, berths[place])
        else:
            why = short.get(station.family.name, "Ray grants it no place")
            fleet.give_up(station, f"its machine was lost, and {why}")
