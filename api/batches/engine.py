"""Answers the lines of a file, each until it has a result: for `/v1/batches` and `convene batch`.

What fails for a reason that may pass is asked again, some time later and after the lines behind it.
"""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from heapq import heappop, heappush
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
PAUSES = (1.0, 4.0, 15.0, 30.0, 60.0)  # seconds until a line is asked again, try by try
HELD = 1000  # lines that are held in memory to be asked again
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
    """Asks a service, and hands results to a sink. `stop` ends it in good order. At most `held`
    lines wait to be asked again; what else fails is left without a result."""

    def __init__(
        self,
        service: Service,
        sink: Sink,
        purse: Purse | None = None,
        most: float = math.inf,  # tries of a line
        held: float = HELD,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.wait = 0.0  # seconds to wait before going on, where limits ended it
        self._service = service
        self._sink = sink
        self._purse = purse or Nobody()
        self._most = most
        self._room = held
        self._pauses = pauses
        self._stopping = asyncio.Event()
        self._news = asyncio.Event()  # an outcome was told
        self._held: list[tuple[float, int, Askable]] = []  # a heap by when each is due
        self._tried: Counter[int] = Counter()
        self._asked: dict[int, tuple[Askable, Ticket]] = {}  # by place in what the service is asked

    def stop(self) -> None:
        """No line is asked any more; those that are being asked get their results."""
        self._stopping.set()
        self._news.set()

    async def answer(self, lines: AsyncGenerator[Askable, None]) -> None:
        """Returns when every line has its result, is left without, or no more may be asked."""
        requests = self._requests(lines)
        try:
            async with (
                aclosing(requests),
                aclosing(self._service.answer_all(requests)) as outcomes,
            ):
                async for place, outcome in outcomes:
                    line, ticket = self._asked[place]
                    await self._purse.settle(ticket, outcome)
                    await self._told(line, outcome)
                    del self._asked[place]
                    self._news.set()
        finally:
            for _, ticket in self._asked.values():
                await self._purse.settle(ticket, None)

    async def _requests(
        self, lines: AsyncGenerator[Askable, None]
    ) -> AsyncGenerator[Request, None]:
        places = count()
        async for line in self._all(lines):
            try:
                request = line.request(self._service)
                ticket = await self._reserved(request)
            except REFUSED as error:
                await self._sink.record(line, line.result(error))
                continue
            if ticket is None:
                return
            self._asked[next(places)] = (line, ticket)
            yield request

    async def _all(self, lines: AsyncGenerator[Askable, None]) -> AsyncGenerator[Askable, None]:
        """The lines, and those again that are due, until none is left or may come."""
        ended = False
        while not self._stopping.is_set():
            if self._held and self._held[0][0] <= _now():
                yield heappop(self._held)[2]
            elif not ended:
                line = await anext(lines, None)
                ended = line is None
                if line is not None:
                    yield line
            elif self._held or self._asked:
                self._news.clear()
                await _within(self._held[0][0] - _now() if self._held else None, self._news)
            else:
                return

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
                    await _within(error.seconds, self._stopping)
        return None

    async def _told(self, line: Askable, outcome: Verdict | OrchestratorError) -> None:
        self._tried[line.number] += 1
        tried = self._tried[line.number]
        if tried >= min(self._most, tries(outcome)):
            del self._tried[line.number]
            await self._sink.record(line, line.result(outcome))
        elif len(self._held) < self._room:
            pause = self._pauses[min(tried, len(self._pauses)) - 1]
            heappush(self._held, (_now() + pause, line.number, line))


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _within(seconds: float | None, event: asyncio.Event) -> None:
    """Returns at the event or after this time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
