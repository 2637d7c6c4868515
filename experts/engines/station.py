"""One replica of a family: where it runs, the state its engine is in, and who waits for it."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from experts.engines.arguments import GPU_SHARE, batch_of
from experts.engines.client import RemoteEngine
from experts.engines.costs import Costs
from experts.engines.families import Family
from experts.engines.layout import Seat
from experts.engines.placement import Load
from experts.engines.processes import Berth
from experts.engines.residency import Occupant, State, heated
from experts.types import Priority

ASLEEP_BYTES = 2 * 2**30  # that a sleeping engine still takes of its GPU: context and graphs


@dataclass(frozen=True, slots=True)
class Waiter:
    """A call that waits for the engine to be awake."""

    base: str
    prompts: int
    arrived: float
    priority: Priority = Priority.INTERACTIVE


@dataclass(slots=True)
class Station:
    """Belongs to the fleet, on its event loop. An engine that is not there is `None`."""

    family: Family
    seat: Seat
    berth: Berth | None  # None: the cluster has no place for it any more
    weights: int = 0  # bytes of one base, as large as any of the family's
    state: State = State.STOPPED
    moving: bool = False  # between two states
    engine: RemoteEngine | None = None
    busy: int = 0  # prompts that were let in and are not answered
    heat: float = 0.0
    last_used: float = 0.0
    since: float = 0.0  # when it came to be in its state
    next_use: int | None = None  # its place in the plan of the batch
    restarts: int = 0
    missed: bool = False  # it was awake and is to be again as soon as there is room
    broken: tuple[float, str] | None = None  # until when nobody tries again, and why
    open: bool = False  # whether calls are let in
    waiters: dict[int, Waiter] = field(default_factory=dict)
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def name(self) -> str:
        """For people: the family, and which of its engines."""
        return f"{self.family.name}/{self.seat.replica}"

    @property
    def names(self) -> tuple[str, ...]:
        """What its engine takes memory of, as budgets are named."""
        return self.berth.names if self.berth else ()

    @property
    def here(self) -> bool:
        """Whether its engine runs on the machine of whoever asks."""
        return self.berth is not None and self.berth.here

    @property
    def size(self) -> int:
        """Bytes that an engine which is awake takes of each of its devices."""
        if self.berth and self.berth.devices:
            return int(GPU_SHARE * min(self.family.gpus, 1.0) * self.berth.memory)
        return self.weights + int(self.family.memory_gib * 2**30)

    @property
    def batch(self) -> int:
        """Replies that its engine works on at once."""
        return batch_of(self.family)

    @property
    def level(self) -> int:
        """Of vLLM's sleep: 1 keeps the weights in host memory. An engine that changes them anyway
        reads those it needs when it wakes, and keeps what it has read elsewhere."""
        return 1 if len(self.family.bases) == 1 else 2

    @property
    def oldest(self) -> Waiter | None:
        """The call that has waited longest."""
        return next(iter(self.waiters.values()), None)

    def waiting_since(self, grace: float) -> float | None:
        """When the first of its waiting calls came, where batch work counts as if it had come
        `grace` seconds later; None: nobody waits."""
        came = (
            waiter.arrived + (grace if waiter.priority is Priority.BATCH else 0.0)
            for waiter in self.waiters.values()
        )
        return min(came, default=None)

    @property
    def base(self) -> str:
        """What an engine that comes about now should hold."""
        waiter = self.oldest
        return waiter.base if waiter else self.family.bases[0]

    @property
    def load(self) -> Load:
        """For whoever chooses among the family's engines."""
        sent: Counter[str] = self.engine.sent if self.engine else Counter()
        bases = {base for base, prompts in sent.items() if prompts}
        if self.engine and self.engine.resident:
            bases.add(self.engine.resident)
        waiting = sum(waiter.prompts for waiter in self.waiters.values())
        awake = self.state is State.AWAKE
        return Load(frozenset(bases), sent.total() + waiting, up=awake, here=self.here)

    @property
    def ready(self) -> RemoteEngine | None:
        """The engine, if it lets calls in."""
        if not self.open or self.engine is None or self.engine.died.is_set():
            return None
        return self.engine

    def refusal(self, now: float) -> str | None:
        """Why nobody tries to start its engine now; None: somebody would."""
        return self.broken[1] if self.broken and now < self.broken[0] else None

    def occupant(self, costs: Costs) -> Occupant:
        """The same, as residency sees it."""
        berth = self.berth
        # Awake for calls of which none was let in yet: two that want one place would else push
        # each other out for ever.
        owes = self.state is State.AWAKE and bool(self.waiters) and self.last_used < self.since
        return Occupant(
            name=self.name,
            devices=self.names,
            awake_bytes=self.size,
            state=self.state,
            start=costs.start,
            wake=costs.wake + (costs.swap(self.weights) if self.level == 2 else 0.0),
            can_sleep=bool(self.family.gpus),  # vLLM's sleep mode is for GPUs
            asleep_bytes=ASLEEP_BYTES if self.family.gpus else 0,
            host=berth.host if berth else "",
            host_bytes=self.weights if self.level == 1 else 0,
            busy=bool(self.busy) or self.moving or owes,
            pinned=self.family.pinned,
            heat=self.heat,
            last_used=self.last_used,
            next_use=self.next_use,
            since=self.since,
        )

    def used(self, now: float) -> None:
        self.heat = heated(self.heat, self.last_used, now)
        self.last_used = now

    def became(self, state: State, now: float) -> None:
        self.state, self.since, self.moving = state, now, False

    @contextmanager
    def waiting(self, waiter: Waiter) -> Iterator[None]:
        number = next(self._numbers)
        self.waiters[number] = waiter
        try:
            yield
        finally:
            del self.waiters[number]

    async def stirred(self) -> None:
        """Returns when something here has changed."""
        await self._stirred.wait()

    def stir(self) -> None:
        """Has everybody who waits look again."""
        self._stirred.set()
        self._stirred = asyncio.Event()
