"""Answers the lines of a file, each until it has a result: for `/v1/batches` and `convene batch`.

What fails for a reason that may pass is asked again, some time later and after the lines behind it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import count
from typing import Protocol

from fastapi.exceptions import RequestValidationError

from api.batches.line import Askable, Result
from api.batches.purse import Nobody, NotYet, Purse, Ticket
from api.errors import ApiError
from api.keys.errors import OverLimit
from api.running import Service
from experts.types import Cause
from orchestrator.errors import OrchestratorError, OutOfTime, PanelFailed
from orchestrator.types import Request, Verdict

TRIES = {Cause.TIMEOUT: 3, Cause.UNAVAILABLE: 30}  # of a line, if that is what went wrong
PAUSES = (1.0, 4.0, 15.0, 30.0, 60.0)  # seconds, after so many rounds without a verdict
MOST_TRIES = 30
HELD = 1000  # lines that failed and are held in memory; more of them end a round
PATIENCE = 30.0  # seconds that a line waits for a key's limits while others go on
REFUSED = (OrchestratorError, ApiError, RequestValidationError, OverLimit)


class Sink(Protocol):
    """Keeps results."""

    async def record(self, line: Askable, result: Result) -> None:
        """Afterwards the line has this result, or the one that it had."""
        ...


def tries(outcome: Verdict | OrchestratorError) -> int:
    """How often a line may be asked that ends so: as often as may help."""
    if not isinstance(outcome, PanelFailed) or isinstance(outcome, OutOfTime):
        return 1
    return max((TRIES.get(failure.cause, 1) for failure in outcome.failures), default=1)


class Engine:
    """Asks a service, and hands results to a sink. `stop` ends it in good order."""

    def __init__(
        self,
        service: Service,
        sink: Sink,
        purse: Purse | None = None,
        most: int = MOST_TRIES,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.wait = 0.0  # seconds to wait before going on, where limits ended it
        self._service = service
        self._sink = sink
        self._purse = purse or Nobody()
        self._most = most
        self._pauses = pauses
        self._stopping = asyncio.Event()
        self._again: deque[Askable] = deque()
        self._tried: Counter[int] = Counter()
        self._read = False  # to the last line

    def stop(self) -> None:
        """No line is asked any more; those that are being asked get their results."""
        self._stopping.set()

    async def answer(self, lines: AsyncGenerator[Askable, None]) -> None:
        """Returns when every line has its result, or no more may be asked."""
        barren = 0  # rounds in a row
        while True:
            again, self._again = self._again, deque()
            verdicts = await self._round(again, lines)
            if self._stopping.is_set() or (self._read and not self._again):
                return
            barren = 0 if verdicts else min(barren + 1, len(self._pauses) - 1)
            await self._sleep(self._pauses[barren])

    async def _round(self, again: deque[Askable], lines: AsyncGenerator[Askable, None]) -> int:
        """Returns how many verdicts there were."""
        verdicts = 0
        asked: dict[int, tuple[Askable, Ticket]] = {}  # by place among what the service is asked
        requests = self._requests(again, lines, asked)
        try:
            async with (
                aclosing(requests),
                aclosing(self._service.answer_all(requests)) as outcomes,
            ):
                async for place, outcome in outcomes:
                    line, ticket = asked.pop(place)
                    await self._purse.settle(ticket, outcome)
                    await self._told(line, outcome)
                    verdicts += isinstance(outcome, Verdict)
        finally:
            for _, ticket in asked.values():
                await self._purse.settle(ticket, None)
            self._again.extend(again)  # lines that the round ended before
        return verdicts

    async def _requests(
        self,
        again: deque[Askable],
        lines: AsyncGenerator[Askable, None],
        asked: dict[int, tuple[Askable, Ticket]],
    ) -> AsyncGenerator[Request, None]:
        places = count()
        while (line := await self._next(again, lines)) is not None:
            try:
                request = line.request(self._service)
                ticket = await self._reserved(request)
            except REFUSED as error:
                await self._sink.record(line, line.result(error))
                continue
            if ticket is None:
                again.appendleft(line)
                return
            asked[next(places)] = (line, ticket)
            yield request

    async def _next(
        self, again: deque[Askable], lines: AsyncGenerator[Askable, None]
    ) -> Askable | None:
        if self._stopping.is_set() or len(self._again) >= HELD:
            return None
        if again:
            return again.popleft()
        line = await anext(lines, None)
        self._read = line is None
        return line

    async def _reserved(self, request: Request) -> Ticket | None:
        """None if the line may not be asked before the engine stops."""
        while not self._stopping.is_set():
            try:
                return await self._purse.reserve(request)
            except NotYet as error:
                if error.seconds > PATIENCE:
                    self.wait = error.seconds
                    self.stop()
                else:
                    await self._sleep(error.seconds)
        return None

    async def _told(self, line: Askable, outcome: Verdict | OrchestratorError) -> None:
        self._tried[line.number] += 1
        if self._tried[line.number] < min(self._most, tries(outcome)):
            self._again.append(line)
            return
        del self._tried[line.number]
        await self._sink.record(line, line.result(outcome))

    async def _sleep(self, seconds: float) -> None:
        """Unless it is stopped before."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
