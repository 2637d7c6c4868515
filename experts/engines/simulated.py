"""An engine of which only the time is real, and its clock: to try what `Serving` does with hours of
requests in a second, and to drive any engine through a list of arrivals."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from experts.engines.engine import Produced
from experts.engines.generation import Piece, Refusal, Request
from experts.engines.serving import Serving
from experts.engines.waiting import Call


@dataclass(frozen=True, slots=True)
class Timing:
    """What an engine's work takes, in seconds."""

    swap: float  # weights read and put in place
    read: float = 0.0  # the part of it that can be done ahead, while another base generates
    step: float = 0.025  # a forward pass, whatever it carries
    token: float = 0.0  # and more for each token in it


class VirtualClock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.next_event = math.inf  # when something comes from outside

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class SimulatedEngine:
    """`serving.Steps` without weights. A step goes on until a reply ends or something comes from
    outside, since nothing else can change what is done next."""

    def __init__(self, clock: VirtualClock, timing: Timing, resident: str, batch: int) -> None:
        self.resident = resident
        self.batch = batch
        self._clock = clock
        self._timing = timing
        self._left: dict[str, int] = {}  # tokens
        self._lengths: dict[str, int] = {}
        self._prompt_tokens = 0  # not read yet
        self._reading: tuple[str, float] | None = (
            None  # the base that is read ahead, and since when
        )

    def add(self, request_id: str, request: Request, *, streaming: bool) -> Refusal | None:
        del streaming
        assert request.base == self.resident, "a request waits until its base is resident"
        self._left[request_id] = self._lengths[request_id] = request.max_tokens
        self._prompt_tokens += sum(len(message.content) for message in request.messages)
        return None

    def step(self) -> list[Produced]:
        each = self._timing.step + self._timing.token * len(self._left)
        left = min(self._left.values())
        until = (min(self._clock.next_event, self._read_at) - self._clock.now) / each
        steps = left if until >= left else max(1, math.ceil(until))
        self._clock.now += steps * each + self._timing.token * self._prompt_tokens
        self._prompt_tokens = 0
        self._left = {id_: tokens - steps for id_, tokens in self._left.items()}
        return [self._ended(id_) for id_, tokens in list(self._left.items()) if tokens <= 0]

    def abort(self, request_ids: Iterable[str]) -> None:
        for id_ in request_ids:
            self._left.pop(id_, None)

    def swap(self, base: str) -> float:
        assert not self._left, "weights are swapped only when the engine is drained"
        ahead = 0.0
        if self._reading is not None and self._reading[0] == base:
            ahead = min(self._timing.read, self._clock.now - self._reading[1])
        self._clock.now += self._timing.swap - ahead
        self.resident = base
        self._reading = None
        return self._timing.swap - ahead

    def expect(self, bases: Sequence[str]) -> None:
        """Reads the first of them ahead."""
        if not bases:
            self._reading = None
        elif self._reading is None or self._reading[0] != bases[0]:
            self._reading = bases[0], self._clock.now

    def ready(self, base: str) -> bool:
        if not self._timing.read or base == self.resident:
            return True
        reading, since = self._reading or ("", 0.0)
        return reading == base and self._clock.now >= since + self._timing.read - 1e-9

    @property
    def _read_at(self) -> float:
        """When the weights that are being read will have been."""
        if self._reading is None:
            return math.inf
        moment = self._reading[1] + self._timing.read
        return moment if moment > self._clock.now else math.inf

    def _ended(self, request_id: str) -> Produced:
        del self._left[request_id]
        tokens = self._lengths.pop(request_id)
        return Produced(request_id, Piece("", 1, tokens, "stop"))


class Clock(Protocol):
    """`VirtualClock`, or one of real time."""

    next_event: float

    def __call__(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class Served(NamedTuple):
    """When a prompt of a call started; both times are of the clock."""

    call: Call
    started: float
    ended: float

    @property
    def wait(self) -> float:
        return self.started - self.call.arrived


def replay(serving: Serving, clock: Clock, calls: Sequence[Call]) -> list[Served]:
    """Submits each call when it arrives, and turns until all are served; the refused are left
    out. `calls` by their arrival. A call's own record of its prompts is used up."""
    by_id = {call.id: call for call in calls}
    todo, served = list(reversed(calls)), []
    while todo or not serving.idle:
        while todo and todo[-1].arrived <= clock():
            serving.submit(todo.pop())
        clock.next_event = todo[-1].arrived if todo else math.inf
        for delivery in serving.turn():
            if delivery.final and isinstance(delivery.outcome, Piece):
                call, now = by_id[delivery.call_id], clock()
                served.append(Served(call, now - delivery.outcome.seconds, now))
        rest = serving.rest()
        if rest != 0.0:
            until = math.inf if rest is None else clock() + rest
            until = min(until, clock.next_event)
            if until < math.inf:
                clock.sleep(max(until - clock(), 0.0))
    return served
