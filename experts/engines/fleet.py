"""All engines of a cluster: which are awake, who is let in, and what happens when one dies.

What is to be done is decided by `residency`; `moving` does it. Calls come in through `hold`,
which waits until an engine of the family is awake.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from experts.engines.client import RemoteEngine
from experts.engines.costs import Costs
from experts.engines.draining import gate
from experts.engines.footing import Footing
from experts.engines.generation import EngineStatus, Request
from experts.engines.layout import Seat
from experts.engines.moving import BROKEN_SECONDS, Mover
from experts.engines.placement import place
from experts.engines.processes import Berth
from experts.engines.residency import NoRoom, Occupant, State, make_room
from experts.engines.scene import BATCH_FACTOR
from experts.engines.station import Station, Waiter
from experts.errors import BackendTimeout, BackendUnavailable, RegistryError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25  # between two looks at who waits too long
LEARN_SECONDS = 5.0  # between two questions to the engines what they measured
MOST_WAITING = 10_000  # prompts per station


class Fleet:
    """Owned by one event loop; moves engines between `begin` and `aclose`."""

    def __init__(
        self,
        stations: Sequence[Station],
        mover: Mover,
        footing: Footing,
        max_wait: float,
    ) -> None:
        self.stations = tuple(stations)
        self._mover = mover
        self._footing = footing
        self._max_wait = max_wait
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        mover.tell = self._changed.set

    def of(self, family: str) -> list[Station]:
        """The engines of a family, by name."""
        return [station for station in self.stations if station.family.name == family]

    def costs(self, station: Station) -> Costs:
        return self._mover.costs(station)

    @property
    def contended(self) -> frozenset[str]:
        """Devices on which not all engines fit at once."""
        return self._footing.contended

    def resident(self, family: str, base: str) -> bool:
        """Whether an engine holds these weights or is about to; on this machine, if it has any
        engines at all: what need not cross the network is nearer."""
        near = [station for station in self.stations if station.here] or self.stations
        return any(base in s.load.bases for s in near if s.family.name == family)

    def wait(self, station: Station, base: str) -> float:
        """Seconds until its engine would begin with a request that came now, as far as is known."""
        costs = self.costs(station)
        if station.state in (State.ASLEEP, State.WAKING):
            return costs.wake + costs.swap(station.weights)
        if station.engine is None or station.state is not State.AWAKE:
            return costs.start
        return station.engine.estimates.get(base, 0.0)

    async def begin(self) -> None:
        """Starts what fits at once, pinned engines first, and returns when all of that is awake.
        RegistryError if one does not start."""
        for station in sorted(self.stations, key=lambda station: not station.family.pinned):
            room = make_room(station.name, self._occupants(), self._footing.budgets, self._now())
            if not isinstance(room, NoRoom) and not room.evictions:
                self._mover.bring(station, ())
        await self._mover.settled()
        for station in self.stations:
            if station.broken:
                raise RegistryError(
                    f"experts.{station.family.experts[0]}: its engine did not start: "
                    f"{station.broken[1]}"
                )
            self._mover.keep_warm(station)
        self._tasks = [
            asyncio.create_task(self._tend(), name="tend the engines"),
            asyncio.create_task(self._learn(), name="learn what engines cost"),
        ]

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._mover.learn(self.stations)
        await self._mover.aclose(self.stations)

    @asynccontextmanager
    async def hold(
        self, family: str, requests: Sequence[Request], deadline: float
    ) -> AsyncIterator[RemoteEngine]:
        """An engine of the family that is awake and stays so until it is let go.

        Raises `BackendUnavailable` if there is none by the deadline, and why.
        """
        now = self._now()
        stations = [s for s in self.of(family) if not s.refusal(now)] or self.of(family)
        base = requests[0].base
        station = stations[place([station.load for station in stations], base)]
        async with self.hold_at(station, requests, deadline) as engine:
            yield engine

    @asynccontextmanager
    async def hold_at(
        self, station: Station, requests: Sequence[Request], deadline: float
    ) -> AsyncIterator[RemoteEngine]:
        """The same, of the station's engine."""
        engine = await self._entered(station, requests, deadline)
        station.busy += len(requests)
        station.used(self._now())
        try:
            yield engine
        finally:
            station.busy -= len(requests)
            if not station.busy:
                self._changed.set()

    async def statuses(self, family: str) -> list[EngineStatus]:
        """Of the family's engines, also those that are not awake."""
        return [await self._mover.status(station) for station in self.of(family)]

    def strand(self, station: Station) -> None:
        """Its machine is gone, and whatever ran there."""
        if station.engine is not None:
            station.engine.died.set()
        station.berth = None

    def settle(self, station: Station, seat: Seat, berth: Berth) -> None:
        """It has another place, where its engine starts as soon as there is room."""
        logger.warning("moved", extra={"action": "engine_moved", "engine": station.name})
        station.seat, station.berth, station.broken, station.missed = seat, berth, None, True
        self._changed.set()

    def give_up(self, station: Station, why: str) -> None:
        """There is no other place for it."""
        self._mover.give_up(station, why)

    async def _entered(
        self, station: Station, requests: Sequence[Request], deadline: float
    ) -> RemoteEngine:
        waiter = Waiter(requests[0].base, len(requests), self._now(), requests[0].priority)
        if sum(w.prompts for w in station.waiters.values()) + waiter.prompts > MOST_WAITING:
            raise BackendUnavailable(
                f"{MOST_WAITING} prompts wait for {station.name} to start; ask again later",
                self.costs(station).start,
            )
        try:
            async with asyncio.timeout_at(deadline):
                with station.waiting(waiter):
                    while (engine := station.ready) is None:
                        if why := station.refusal(self._now()):
                            raise BackendUnavailable(why, BROKEN_SECONDS)
                        self._changed.set()
                        await station.stirred()
                    return engine
        except TimeoutError as error:
            raise self._late(station) from error

    def _late(self, station: Station) -> BackendTimeout:
        seconds = station.occupant(self.costs(station)).back
        return BackendTimeout(
            f"the engine {station.name} was not awake in time (that takes about "
            f"{seconds:.2g} s); ask again later, or allow more seconds",
            seconds,
        )

    async def _tend(self) -> None:
        while True:
            try:
                self._decide()
            except Exception:  # a bug here must not leave everybody waiting
                logger.exception("engines could not be moved", extra={"action": "fleet_failed"})
            try:
                async with asyncio.timeout(LOOK_SECONDS if self._someone_waits() else None):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def _learn(self) -> None:
        while True:
            await asyncio.sleep(LEARN_SECONDS)
            await self._mover.learn(self.stations)

    def _decide(self) -> None:
        """Brings what is waited for, longest wait first, and says who lets calls in."""
        wanted = [s for s in self.stations if s.waiters or s.missed]
        for station in sorted(wanted, key=self._waiting_since):
            still = station.state in (State.STOPPED, State.ASLEEP) and not station.moving
            if still and station.berth is not None:
                self._try_to_bring(station)
        shut = self._shut()
        for station in self.stations:
            awake = station.state is State.AWAKE and not station.moving
            station.open = awake and station.name not in shut
            if station.open and station.waiters:
                station.stir()

    def _try_to_bring(self, station: Station) -> None:
        if station.refusal(self._now()):
            return
        room = make_room(station.name, self._occupants(), self._footing.budgets, self._now())
        if isinstance(room, NoRoom):
            if not room.waiting_helps:
                self._mover.give_up(station, room.why)
        elif room.evictions and not (station.waiters or station.family.pinned):
            station.missed = False  # others have its place now: it comes when it is asked for
        else:
            by_name = {each.name: each for each in self.stations}
            self._mover.bring(station, [(by_name[e.name], e.to) for e in room.evictions])

    def _shut(self) -> frozenset[str]:
        """Stations that let nobody in, so that they drain and make room for who waits too long."""
        waiting = {
            s.name: self._waiting_since(s) for s in self.stations if s.waiters and not s.open
        }
        return gate(waiting, self._occupants(), self._footing.budgets, self._now(), self._max_wait)

    def _waiting_since(self, station: Station) -> float:
        grace = (BATCH_FACTOR - 1) * self._max_wait
        since = station.waiting_since(grace)
        return math.inf if since is None else since

    def _occupants(self) -> list[Occupant]:
        return [station.occupant(self.costs(station)) for station in self.stations]

    def _someone_waits(self) -> bool:
        return any(station.waiters or station.missed for station in self.stations)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
