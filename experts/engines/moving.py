"""Starts, wakes, puts to sleep and stops engines, and notices when they die."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from experts.engines.client import NotStarted, RemoteEngine
from experts.engines.cost_book import CostBook
from experts.engines.costs import Costs
from experts.engines.footing import Footing
from experts.engines.generation import EngineStatus
from experts.engines.processes import Processes
from experts.engines.residency import State
from experts.engines.station import Station

if TYPE_CHECKING:
    from experts.engines.actor import Orders

logger = logging.getLogger(__name__)

START_SECONDS = 900.0  # an engine may have to download its model
BROKEN_SECONDS = 30.0  # before an engine that did not start is tried again


class Mover:
    """Owned by the fleet. What goes wrong is written on the station, for those who wait there."""

    def __init__(
        self,
        processes: Processes,
        orders: Callable[[Station, Costs], "Orders"],
        footing: Footing,
        book: CostBook,
    ) -> None:
        self._processes = processes
        self._orders = orders
        self._footing = footing
        self._book = book
        self._moves: set[asyncio.Task[None]] = set()
        self._watches: set[asyncio.Task[None]] = set()
        self.tell: Callable[[], None] = lambda: None  # whom: the fleet

    def costs(self, station: Station) -> Costs:
        return self._book.of(self._footing.name(station))

    async def learn(self, stations: Iterable[Station]) -> None:
        """Asks the engines what they measured since the last time."""
        for station in stations:
            if station.engine is not None and not station.moving:
                try:
                    if happened := await station.engine.learned():
                        await self._book.learn(self._footing.name(station), happened)
                except Exception:  # costs only make plans better
                    logger.exception("nothing learned", extra={"action": "costs_not_learned"})

    def bring(self, station: Station, evictions: Iterable[tuple[Station, State]]) -> None:
        """Begins to wake or start the station's engine, once these are out of its way."""
        station.moving = True
        station.state = State.WAKING if station.state is State.ASLEEP else State.STARTING
        away = list(evictions)
        for other, _ in away:
            other.moving = True
            other.open = False
        self._task(self._moves, self._brought(station, away), f"bring {station.name}")

    def give_up(self, station: Station, why: str) -> None:
        """Says to everybody who waits that the engine cannot be, for now."""
        logger.warning("%s", why, extra={"action": "no_engine", "engine": station.name})
        station.broken = (_now() + BROKEN_SECONDS, why)
        station.missed = False
        station.stir()

    async def settled(self) -> None:
        """Returns when nothing moves."""
        while self._moves:
            await asyncio.wait(self._moves)

    async def status(self, station: Station) -> EngineStatus:
        engine = station.engine
        if engine is None or station.state is State.STARTING:
            return _without_engine(station)
        status = await engine.status()
        state = str(station.state)
        return replace(status, restarts=station.restarts, state=state, up=status.up)

    async def aclose(self, stations: Sequence[Station]) -> None:
        tasks = [*self._moves, *self._watches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for station in stations:
            if station.engine is not None:
                station.engine.kill()
        await self._processes.aclose()

    async def _brought(self, station: Station, away: Sequence[tuple[Station, State]]) -> None:
        try:
            for other, state in away:
                await self._put_away(other, state)
            await self._wake_or_start(station)
        except Exception as error:  # whatever it is, those who wait are told and others go on
            if not isinstance(error, NotStarted):
                logger.exception("not moved", extra={"action": "not_moved", "engine": station.name})
            self._stop(station)
            self.give_up(station, str(error) or repr(error))
            for other, _ in away:
                other.missed = other.state is not State.AWAKE  # there is room for it again
        finally:
            self.tell()

    async def _wake_or_start(self, station: Station) -> None:
        if station.state is not State.WAKING or not await self._woken(station):
            await self._started(station)
        station.became(State.AWAKE, _now())
        station.broken, station.missed = None, False
        self.keep_warm(station)
        logger.info("awake", extra={"action": "engine_awake", "engine": station.name})

    async def _woken(self, station: Station) -> bool:
        """Whether its engine woke. If not it is gone, and another can be started."""
        try:
            if station.engine is not None:
                await station.engine.wake(station.base)
        except NotStarted as error:
            logger.warning("%s", error, extra={"action": "not_woken", "engine": station.name})
            self._end(station)
        return station.engine is not None

    async def _started(self, station: Station) -> None:
        if station.berth is None:
            raise NotStarted("its machine was lost")
        station.state = State.STARTING
        station.engine = engine = await self._processes.take(station.berth)
        self._task(self._watches, self._watched(station, engine), f"watch {station.name}")
        await engine.start(self._orders(station, self.costs(station)), START_SECONDS)
        if station.engine is not engine:
            raise NotStarted("its process ended as it had started")

    async def _put_away(self, station: Station, state: State) -> None:
        try:
            if state is State.ASLEEP and station.engine:
                await station.engine.sleep(station.level)
                station.became(State.ASLEEP, _now())
                return
        except Exception as error:  # it cannot be trusted any more
            extra = {"action": "no_sleep", "engine": station.name}
            logger.warning("%s", error, extra=extra, exc_info=not isinstance(error, NotStarted))
        self._stop(station)

    def _stop(self, station: Station) -> None:
        self._end(station)
        station.became(State.STOPPED, _now())

    def _end(self, station: Station) -> None:
        if station.engine is not None:
            engine, station.engine = station.engine, None
            engine.kill()

    def keep_warm(self, station: Station) -> None:
        """Has a process ready where the station's engine takes turns with others."""
        if station.berth is not None and self._footing.takes_turns(station):
            self._processes.keep(station.berth)

    async def _watched(self, station: Station, engine: RemoteEngine) -> None:
        """Writes down the engine's death, so that another takes its place."""
        await engine.died.wait()
        if station.engine is not engine:  # it was stopped
            return
        logger.warning("an engine died", extra={"action": "engine_died", "engine": station.name})
        engine.kill()
        station.engine = None
        station.restarts += 1
        station.missed = station.missed or station.state is State.AWAKE
        if station.state in (State.AWAKE, State.ASLEEP):
            station.became(State.STOPPED, _now())
        station.open = False
        self.tell()

    def _task(
        self, among: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str
    ) -> None:
        task = asyncio.create_task(work, name=name)
        among.add(task)
        task.add_done_callback(among.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _without_engine(station: Station) -> EngineStatus:
    return EngineStatus(
        family=station.family.name,
        pid=0,
        resident="",
        swaps=0,
        waiting={},
        running=0,
        busy_seconds=0.0,
        swap_seconds=0.0,
        start_seconds=0.0,
        restarts=station.restarts,
        up=not (station.missed or station.broken),
        state=str(station.state),
    )
