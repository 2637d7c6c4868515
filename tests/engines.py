"""Engines that are not there: what a fleet gets in the place of processes, and fleets of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

from experts.cards import Cluster
from experts.engines.actor import Orders
from experts.engines.client import EngineDied, NotStarted
from experts.engines.cost_book import CostBook
from experts.engines.dispatch import Dispatcher
from experts.engines.families import Family
from experts.engines.fleet import Fleet
from experts.engines.footing import Footing
from experts.engines.generation import EngineStatus, Outcome, Piece, Request
from experts.engines.layout import Seat
from experts.engines.moving import Mover
from experts.engines.processes import Berth, Processes
from experts.engines.station import Station
from experts.errors import BackendTimeout
from experts.types import Message, Priority

GIB = 2**30


def family(name: str, *bases: str, **changes: object) -> Family:
    """On CPU and one GiB large, unless changed."""
    known = Family(
        name=name,
        experts=(f"{name}'s expert",),
        bases=bases or (f"{name}-base",),
        adapters=(),
        lora_rank=0,
        tokenizer="someone/model",
        dtype="auto",
        tensor_parallel=1,
        gpus=0.0,
        max_model_len=None,
        memory_gib=1.0,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def station(of: Family, replica: int = 0, node: str = "node", gpus: Sequence[str] = ()) -> Station:
    """A place for its engine, on GPUs of 80 GiB or on the node's processors."""
    berth = Berth(node, tuple(gpus), "L4" if gpus else None, 80 * GIB if gpus else 0)
    return Station(of, Seat(of.name, replica, node, tuple(map(int, gpus))), berth)


def request(base: str, priority: Priority = Priority.INTERACTIVE) -> Request:
    return Request(base, (Message("user", "?"),), 8, priority=priority)


def said(base: str) -> Piece:
    """What every fake engine replies."""
    return Piece(f"from {base}", 1, 1, "stop")


@dataclass(eq=False)
class FakeEngine:
    """What `RemoteEngine` is to a fleet. It replies with the name of its weights."""

    yard: "Yard"
    family: str = ""
    asleep: bool = False
    asked: list[Sequence[Request]] = field(default_factory=list)
    status_of: EngineStatus | None = None
    died: asyncio.Event = field(default_factory=asyncio.Event)
    sent: Counter[str] = field(default_factory=Counter)
    estimates: dict[str, float] = field(default_factory=dict)
    happened: list[object] = field(default_factory=list)  # told when it is asked what it learned
    resident: str | None = None
    held: frozenset[str] = frozenset()

    async def warm(self, seconds: float) -> None:
        await self._takes(0.0 if self in self.yard.warmed else self.yard.warm)
        self.yard.warmed.add(self)

    async def start(self, orders: Orders, seconds: float) -> EngineStatus:
        self.family = orders.family.name
        self.yard.log.append(f"start {self.family}")
        self.yard.starts_warm.append(self in self.yard.warmed)
        await self._takes(self.yard.start)
        self._trips("start")
        if why := self.yard.broken.get(self.family):
            raise NotStarted(why)
        return self._holds(orders.base)

    async def sleep(self, level: int) -> EngineStatus:
        self.yard.log.append(f"sleep {self.family}")
        await self._takes(self.yard.move)
        self._trips("sleep")
        self.asleep = True
        return await self.status()

    async def wake(self, base: str) -> EngineStatus:
        self.yard.log.append(f"wake {self.family}")
        await self._takes(self.yard.move)
        if self.family in self.yard.sleepless:
            raise NotStarted("it does not wake")
        self.asleep = False
        return self._holds(base)

    async def ask(self, requests: Sequence[Request], deadline: float) -> list[Outcome]:
        self.asked.append(requests)
        base = requests[0].base
        self.yard.log.append(f"ask {base}")
        with self._sending(base, len(requests)):
            await self._replies(deadline)
        return [said(base) for _ in requests]

    async def stream(self, request: Request, deadline: float) -> AsyncIterator[Outcome]:
        self.asked.append([request])
        with self._sending(request.base, 1):
            for text in self.yard.texts[:-1]:
                yield Piece(text)
                await self._replies(deadline)
            yield replace(said(request.base), text=self.yard.texts[-1])

    async def status(self) -> EngineStatus:
        assert self.status_of is not None, "asked after it started"
        return self.status_of

    async def learned(self) -> list[object]:
        happened, self.happened = self.happened, []
        self._trips("learned")
        return happened

    def kill(self) -> None:
        self.yard.log.append(f"kill {self.family}")
        self.died.set()

    def _trips(self, method: str) -> None:
        if method in self.yard.bugs:
            raise ValueError("a bug")

    def _holds(self, base: str) -> EngineStatus:
        self.resident = base
        self.status_of = EngineStatus(self.family, 1, base, 0, {}, 0, 0.0, 0.0, self.yard.start)
        return self.status_of

    @contextmanager
    def _sending(self, base: str, prompts: int):
        assert not self.asleep, "only who is awake is asked"
        self.sent[base] += prompts
        try:
            yield
        finally:
            self.sent[base] -= prompts

    async def _replies(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._takes(self.yard.reply)
        except TimeoutError as error:
            raise BackendTimeout("no reply") from error
        except NotStarted as error:
            raise EngineDied("gone") from error
        if self.yard.error:
            raise self.yard.error

    async def _takes(self, seconds: float) -> None:
        """So long, unless it dies."""
        if not self.died.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self.died.wait()
            except TimeoutError:
                return
        raise NotStarted("its process ended")


@dataclass
class Yard:
    """Where fake engines come from: what they do, and what was done with them."""

    kind: type[FakeEngine] = FakeEngine
    warm: float = 15.0  # seconds, like all that follow
    start: float = 5.0
    move: float = 1.0  # falling asleep, and waking
    reply: float = 1.0
    broken: dict[str, str] = field(default_factory=dict)  # by family, why none starts
    sleepless: set[str] = field(default_factory=set)  # families that do not wake again
    error: Exception | None = None  # what asking raises
    bugs: set[str] = field(default_factory=set)  # methods that raise what they should not
    texts: tuple[str, ...] = ("a", "b", "c")  # of a stream
    log: list[str] = field(default_factory=list)
    engines: list[FakeEngine] = field(default_factory=list)
    warmed: set[FakeEngine] = field(default_factory=set)
    starts_warm: list[bool] = field(default_factory=list)

    def spawn(self, berth: Berth) -> FakeEngine:
        self.engines.append(self.kind(self))
        return self.engines[-1]

    def of(self, name: str) -> list[FakeEngine]:
        """All engines that a family ever had."""
        return [engine for engine in self.engines if engine.family == name]

    def alive(self, name: str) -> FakeEngine:
        [engine] = [engine for engine in self.of(name) if not engine.died.is_set()]
        return engine


async def a_fleet(yard: Yard, stations: Sequence[Station], cluster: Cluster) -> Fleet:
    """Not begun yet."""
    footing = Footing(cluster, {}, stations)
    book = CostBook()
    await book.open(footing.priors)

    def orders(one: Station, costs: object) -> Orders:
        return Orders(one.family, one.base, cluster.max_wait, None, 1.0, True, costs)  # type: ignore[arg-type]

    spawn: Callable[..., object] = yard.spawn
    mover = Mover(Processes(spawn), orders, footing, book)  # type: ignore[arg-type]
    return Fleet(stations, mover, footing, cluster.max_wait)


@asynccontextmanager
async def fleet_with(
    yard: Yard, *stations: Station, gib: float | None = None, max_wait: float = 2.0
) -> AsyncIterator[tuple[Fleet, Dispatcher]]:
    """A fleet that has begun, on nodes whose processors have so many GiB, and who sends it batch
    work."""
    cluster = Cluster(memory_gib=gib, max_wait=max_wait)
    fleet = await a_fleet(yard, stations, cluster)
    dispatcher = Dispatcher(fleet)
    try:
        await fleet.begin()
        yield fleet, dispatcher
    finally:
        await dispatcher.aclose()
        await fleet.aclose()
