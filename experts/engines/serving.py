"""An engine's working day, turn by turn: admit, swap, step, and hand out what came of it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from experts.engines.ahead import Ahead, Reads
from experts.engines.engine import Produced, SwapFailed
from experts.engines.estimate import estimate
from experts.engines.generation import Outcome, Piece, Refusal, Request
from experts.engines.pace import Pace
from experts.engines.scene import BATCH_FACTOR, Scene
from experts.engines.switching import Choice, Policy, bounded
from experts.engines.waiting import Call, Waiting
from experts.types import Cause, Priority

logger = logging.getLogger(__name__)

MOST_WAITING = 10_000  # prompts per engine
BROKEN_SECONDS = 30.0  # before weights that could not be loaded are tried again


class Steps(Reads, Protocol):
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
        policy: Policy = bounded,
        pace: Pace | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._max_wait = max_wait
        self._policy = policy
        self._pace = pace or Pace()
        self._running: dict[str, Running] = {}
        self._broken: dict[str, tuple[float, str]] = {}  # base -> until when, and why
        self._ahead = Ahead(engine, self._pace.read)
        self._since = self._ended = clock()
        self._admitted = 0  # since then
        self._until: float | None = None  # nothing to do before that
        self.waiting = Waiting(most_waiting)
        self.swaps = 0
        self.swap_seconds = 0.0
        self.steps = 0
        self.prompt_tokens = self.cached_tokens = self.completion_tokens = 0  # of complete replies

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def idle(self) -> bool:
        return not self._running and not len(self.waiting)

    def rest(self) -> float | None:
        """Seconds for which there is nothing to do unless a command comes; None: for ever."""
        if self.idle:
            return None
        if self._running or self._until is None:
            return 0.0
        return max(0.0, self._until - self._clock())

    def estimate(self, base: str) -> float:
        """Seconds until a request for a base would start if it came now."""
        return self._estimate(self.scene(), base)

    def estimates(self) -> dict[str, float]:
        """The same for every base that is asked for these days."""
        scene = self.scene()
        known = scene.lines.keys() | scene.rates.keys() | {scene.resident}
        return {base: self._estimate(scene, base) for base in sorted(known)}

    def submit(self, call: Call) -> list[Delivery]:
        """Queues a call, or refuses it as a whole."""
        now = self._clock()
        until, why = self._broken.get(call.base, (0.0, ""))
        if now < until:
            return _refused(call, Refusal(Cause.REJECTED, why))
        if not self.waiting.add(call):
            refusal = _full(len(call.requests), self.waiting, self.estimate(call.base))
            return _refused(call, refusal)
        if call.requests and call.priority is Priority.INTERACTIVE:
            self._pace.arrived(call.base, now)
        self._until = None
        return []

    def cancel(self, call_id: str) -> None:
        """Frees whatever the call still uses; fine if that is nothing."""
        self.waiting.drop(call_id)
        dropped = [id_ for id_, running in self._running.items() if running.call_id == call_id]
        self._engine.abort(dropped)
        for id_ in dropped:
            del self._running[id_]
        self._until = None

    def turn(self) -> list[Delivery]:
        """As much as can be done without waiting: one swap, or one step."""
        if len(self._running) >= self._engine.batch:
            return self._step()  # it is full: there is nothing to decide before a reply ends
        scene = self.scene()
        choice = self._policy(scene)
        self._until = choice.until
        self._ahead.look(scene)
        if choice.base not in (None, scene.resident) and not self._running:
            return self._swap(choice.base)
        delivered = self._admit(choice) if choice.base == scene.resident else []
        return delivered + (self._step() if self._running else [])

    def _step(self) -> list[Delivery]:
        produced = self._engine.step()
        self.steps += 1
        self._ended = self._clock()
        return [self._delivered(each) for each in produced]

    def scene(self) -> Scene:
        """What the policy is told."""
        now = self._clock()
        return Scene(
            now=now,
            resident=self._engine.resident,
            since=self._since,
            admitted=self._admitted,
            running=len(self._running),
            lines=self.waiting.lines(),
            costs=self._pace.costs(self._engine.batch),
            max_wait=self._max_wait,
            rates=self._pace.rates(now),
            ended=self._ended,
            unread=frozenset(base for base in self.waiting.bases if not self._engine.ready(base)),
        )

    def _estimate(self, scene: Scene, base: str) -> float:
        until, _ = self._broken.get(base, (0.0, ""))
        return max(estimate(scene, base), until - scene.now)

    def _admit(self, choice: Choice) -> list[Delivery]:
        """Fills the engine, and no more: what it holds must be drained before a swap."""
        refused: list[Delivery] = []
        now, batch = self._clock(), False
        overdue = now - BATCH_FACTOR * self._max_wait
        while len(self._running) < self._engine.batch:
            taken = self.waiting.take(
                self._engine.resident, before=choice.before, batch=choice.batch, overdue=overdue
            )
            if taken is None:
                break
            call, place, request = taken
            batch = batch or call.priority is Priority.BATCH
            id_ = f"{call.id}/{place}"
            refusal = self._engine.add(id_, request, streaming=call.streaming)
            self._admitted += 1
            if refusal is None:
                self._running[id_] = Running(call.id, place, now)
            else:
                refused.append(Delivery(call.id, place, refusal))
        if batch:
            self.waiting.served(self._engine.resident, now)
        return refused

    def _swap(self, base: str) -> list[Delivery]:
        try:
            seconds = self._engine.swap(base)
        except SwapFailed as error:
            logger.warning("%s", error, extra={"action": "swap_failed", "base": base})
            self._broken[base] = (self._clock() + BROKEN_SECONDS, str(error))
            refusal = Refusal(Cause.REJECTED, str(error))
            return [Delivery(c.id, place, refusal) for c, place, _ in self.waiting.take_all(base)]
        self._since, self._admitted = self._clock(), 0
        self._pace.swap.add(seconds)
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
            if outcome.finish is not None:
                self._pace.reply.add(seconds)
                self.prompt_tokens += outcome.prompt_tokens
                self.cached_tokens += outcome.cached_tokens
                self.completion_tokens += outcome.completion_tokens
        delivery = Delivery(running.call_id, running.place, outcome)
        if delivery.final:
            del self._running[produced.request_id]
        return delivery


def _refused(call: Call, refusal: Refusal) -> list[Delivery]:
    return [Delivery(call.id, place, refusal) for place in call.requests]


def _full(asked: int, waiting: Waiting, seconds: float) -> Refusal:
    return Refusal(
        Cause.UNAVAILABLE,
        f"{len(waiting)} prompts wait for this engine and {asked} more would pass its limit of "
        f"{waiting.limit}; ask again in {seconds:.0f} s, or raise cluster.engines",
        retry_after=seconds,
    )
