"""An engine's working day, turn by turn: admit, swap, step, and hand out what came of it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from experts.engines.engine import Produced, SwapFailed
from experts.engines.generation import Outcome, Piece, Refusal, Request
from experts.engines.switching import next_base
from experts.engines.waiting import Call, Waiting
from experts.types import Cause

logger = logging.getLogger(__name__)

MOST_WAITING = 10_000  # prompts per engine
BROKEN_SECONDS = 30.0  # before weights that could not be loaded are tried again


class Steps(Protocol):
    """What serving needs of an engine."""

    batch: int

    @property
    def resident(self) -> str: ...

    def add(self, request_id: str, request: Request, *, streaming: bool) -> Refusal | None: ...
    def step(self) -> list[Produced]: ...
    def abort(self, request_ids: Iterable[str]) -> None: ...
    def swap(self, base: str) -> float: ...


@dataclass(slots=True)
class Running:
    """A prompt in the engine."""

    call_id: str
    place: int
    admitted: float
    tokens: int = 0


class Delivery(NamedTuple):
    """What became of the prompt at `place` of a call; more follows until it is final."""

    call_id: str
    place: int
    outcome: Outcome

    @property
    def final(self) -> bool:
        return isinstance(self.outcome, Refusal) or self.outcome.finish is not None


class Serving:
    """Belongs to the engine's thread. Every prompt submitted is delivered, unless cancelled."""

    def __init__(
        self,
        engine: Steps,
        clock: Callable[[], float],
        *,
        max_wait: float,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._max_wait = max_wait
        self._running: dict[str, Running] = {}
        self._broken: dict[str, tuple[float, str]] = {}  # base -> until when, and why
        self.waiting = Waiting(most_waiting)
        self.swaps = 0
        self.swap_seconds = 0.0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def idle(self) -> bool:
        return not self._running and not len(self.waiting)

    def submit(self, call: Call) -> list[Delivery]:
        """Queues a call, or refuses it as a whole."""
        until, why = self._broken.get(call.base, (0.0, ""))
        if self._clock() < until:
            return _refused(call, Refusal(Cause.REJECTED, why))
        if not self.waiting.add(call):
            return _refused(call, _full(len(call.requests), self.waiting))
        return []

    def cancel(self, call_id: str) -> None:
        """Frees whatever the call still uses; fine if that is nothing."""
        self.waiting.drop(call_id)
        dropped = [id_ for id_, running in self._running.items() if running.call_id == call_id]
        self._engine.abort(dropped)
        for id_ in dropped:
            del self._running[id_]

    def turn(self) -> list[Delivery]:
        """As much as can be done without waiting: at most one swap and one step."""
        delivered: list[Delivery] = []
        oldest = self.waiting.oldest()
        base = next_base(self._engine.resident, oldest, self._clock(), self._max_wait)
        if base is not None and base != self._engine.resident and not self._running:
            delivered += self._swap(base)
        if base == self._engine.resident:
            delivered += self._admit(base)
        if self._running:
            delivered += [self._delivered(produced) for produced in self._engine.step()]
        return delivered

    def _admit(self, base: str) -> list[Delivery]:
        """Fills the engine, and no more: what it holds must be drained before a swap."""
        refused: list[Delivery] = []
        while len(self._running) < self._engine.batch:
            taken = self.waiting.take(base)
            if taken is None:
                break
            call, place, request = taken
            id_ = f"{call.id}/{place}"
            refusal = self._engine.add(id_, request, streaming=call.streaming)
            if refusal is None:
                self._running[id_] = Running(call.id, place, self._clock())
            else:
                refused.append(Delivery(call.id, place, refusal))
        return refused

    def _swap(self, base: str) -> list[Delivery]:
        try:
            seconds = self._engine.swap(base)
        except SwapFailed as error:
            logger.warning("%s", error, extra={"action": "swap_failed", "base": base})
            self._broken[base] = (self._clock() + BROKEN_SECONDS, str(error))
            refusal = Refusal(Cause.REJECTED, str(error))
            return [Delivery(c.id, place, refusal) for c, place, _ in self.waiting.take_all(base)]
        self.swaps += 1
        self.swap_seconds += seconds
        return []

    def _delivered(self, produced: Produced) -> Delivery:
        running = self._running[produced.request_id]
        outcome = produced.outcome
        if isinstance(outcome, Piece):
            running.tokens += outcome.completion_tokens
            seconds = self._clock() - running.admitted
            outcome = replace(outcome, completion_tokens=running.tokens, seconds=seconds)
        delivery = Delivery(running.call_id, running.place, outcome)
        if delivery.final:
            del self._running[produced.request_id]
        return delivery


def _refused(call: Call, refusal: Refusal) -> list[Delivery]:
    return [Delivery(call.id, place, refusal) for place in call.requests]


def _full(asked: int, waiting: Waiting) -> Refusal:
    return Refusal(
        Cause.UNAVAILABLE,
        f"{len(waiting)} prompts wait for this engine and {asked} more would pass its limit of "
        f"{waiting.limit}; ask again later, or raise cluster.engines",
    )


def merged(pieces: Sequence[Piece]) -> Piece:
    """Consecutive pieces as one: the texts joined, and the rest as it stands at the end."""
    return replace(pieces[-1], text="".join(piece.text for piece in pieces))
