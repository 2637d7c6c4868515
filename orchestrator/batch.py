"""The batch driver: many deliberations at once, what they ask gathered into groups per expert.

Nobody waits for a round: as soon as an expert's group is back, the deliberations whose wave is
complete take their next step, while the groups of others still run. A verdict is the same however
questions and replies are mixed: a deliberation takes in whole waves, in the order it asked.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from experts.types import Reply
from orchestrator.agreement import Comparer, WordsOnly
from orchestrator.agreement.comparer import Alike
from orchestrator.deliberation import Ask, Compare, Conclude, Deliberation, Done
from orchestrator.errors import OrchestratorError, PanelFailed
from orchestrator.panel import Panel, conclusion, seats
from orchestrator.queues import Limits, Queues
from orchestrator.telemetry import Watch
from orchestrator.types import Request, Timings, Verdict

T = TypeVar("T")
LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Case:
    """One question of a batch."""

    request: Request
    deliberation: Deliberation
    watch: Watch = field(default_factory=Watch)


# A question's place in the batch, and its case or why it has none.
Placed = tuple[int, Case | OrchestratorError]
Result = tuple[int, Verdict | OrchestratorError]


async def deliberate_all(
    slices: AsyncIterator[Sequence[Placed]],
    panel: Panel,
    comparer: Comparer | None = None,
    limits: Limits = LIMITS,
) -> AsyncGenerator[Result, None]:
    """(place, verdict or why there is none), as questions finish.

    The next slice is prepared while questions deliberate, and held until there is room for it.
    Closing the generator cancels everything in flight.
    """
    queues = Queues(panel, comparer or WordsOnly(), limits)
    batch = _Batch(queues, limits.live)
    flights = _Flights()
    try:
        while True:
            finished = [*batch.steps(), *batch.admissions()]
            for group in queues.leaving():
                flights.start(group.ask(), group.tell)
            if batch.wants_more:
                batch.reading = True
                flights.start(_next(slices), batch.hold)
            for result in finished:
                yield result
            if not flights.under_way:
                return
            await flights.land()
    finally:
        await flights.cancel()


async def _next(slices: AsyncIterator[Sequence[Placed]]) -> Sequence[Placed] | None:
    return await anext(slices, None)


@dataclass(slots=True, eq=False)
class _Question:
    """A case that deliberates, and the replies of its wave that are in."""

    place: int
    case: Case
    started: float = field(default_factory=perf_counter)
    asked: float = 0.0  # when its wave or its conclusion was put in line, by its watch
    wave: dict[int, Reply] = field(default_factory=dict)  # by seat
    seats: int = 0

    def timings(self) -> Timings:
        return Timings(panel=perf_counter() - self.started)


class _Batch:
    """Which questions are live, and which of them can go on."""

    def __init__(self, queues: Queues, most: int) -> None:
        self._queues = queues
        self._most = most
        self._live = 0
        self._ready: list[_Question] = []
        self._held: deque[Placed] = deque()
        self._ended = False
        self.reading = False

    @property
    def wants_more(self) -> bool:
        return not (self._held or self._ended or self.reading)

    def hold(self, slice_: Sequence[Placed] | None) -> None:
        """Takes in the next slice, which may have to wait; None is the end."""
        self.reading = False
        self._ended = slice_ is None
        self._held.extend(slice_ or ())

    def admissions(self) -> Iterator[Result]:
        """Lets in as many as there is room for; the results are of those who cannot be asked."""
        while self._held and self._live < self._most:
            place, case = self._held.popleft()
            if isinstance(case, OrchestratorError):
                yield place, case
            else:
                self._live += 1
                case.watch.start()
                yield from self._step(_Question(place, case))

    def steps(self) -> Iterator[Result]:
        """Everybody who was told what it waited for takes its next step."""
        ready, self._ready = self._ready, []
        for question in ready:
            yield from self._step(question)

    def _step(self, question: _Question) -> Iterator[Result]:
        try:
            step = question.case.deliberation.step(question.timings)
        except PanelFailed as error:
            self._live -= 1
            question.case.watch.ended(error)
            yield question.place, error
            return
        match step:
            case Ask(experts):
                self._ask(question, experts)
            case Conclude():
                question.asked = question.case.watch.now
                prompt = conclusion(step, question.case.request)
                writer = step.writer or question.case.request.control.writer
                self._queues.writer(writer).add(prompt, partial(self._concluded, question))
            case Compare(answers):
                self._queues.comparer.add(answers, partial(self._compared, question))
            case Done(verdict):
                self._live -= 1
                question.case.watch.answered(verdict)
                yield question.place, verdict

    def _ask(self, question: _Question, experts: Sequence[str]) -> None:
        asked = seats(experts, question.case.request)
        question.seats = len(asked)
        question.asked = question.case.watch.now
        for seat, (expert, prompt) in enumerate(asked):
            self._queues.expert(expert).add(prompt, partial(self._replied, question, seat))

    def _replied(self, question: _Question, seat: int, reply: Reply) -> None:
        question.case.watch.called(reply, question.asked)
        question.wave[seat] = reply
        if len(question.wave) == question.seats:
            for _, its in sorted(question.wave.items(), key=lambda item: item[0]):
                question.case.deliberation.tell(its)
            question.wave.clear()
            self._ready.append(question)

    def _concluded(self, question: _Question, reply: Reply) -> None:
        question.case.watch.called(reply, question.asked, "aggregator")
        question.case.deliberation.tell_conclusion(reply)
        self._ready.append(question)

    def _compared(self, question: _Question, alike: Alike) -> None:
        question.case.deliberation.tell_alike(alike)
        self._ready.append(question)


class _Flights:
    """What is under way, each with who is told its result."""

    def __init__(self) -> None:
        self._told: dict[asyncio.Task[Any], Callable[[Any], None]] = {}

    @property
    def under_way(self) -> bool:
        return bool(self._told)

    def start(self, work: Coroutine[Any, Any, T], tell: Callable[[T], None]) -> None:
        self._told[asyncio.create_task(work, name="batch")] = tell

    async def land(self) -> None:
        """Waits for at least one, and tells all that are back, the first sent first. What one
        raises is a bug and is raised."""
        await asyncio.wait(self._told, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in self._told if task.done()]:
            self._told.pop(task)(task.result())

    async def cancel(self) -> None:
        for task in self._told:
            task.cancel()
        await asyncio.gather(*self._told, return_exceptions=True)
