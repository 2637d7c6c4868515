"""A second, identical call where the first is slow to begin: the tail at scale, within a budget.

Dean and Barroso, The Tail at Scale, CACM 56(2), 2013: what answers first is taken, the other is
cancelled. What a call that was given up has cost nobody tells; usage counts it as `untold`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from experts.hosted.retrying import Backend
from experts.types import Answer, Chunk, Prompt, Usage

T = TypeVar("T")
REMEMBERED = 200  # calls whose delays are known
ENOUGH = 20  # of them, to speak of a 95th percentile
BURST = 5.0  # calls that may be made a second time in a row, once they are saved up


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls that may be made twice: each call earns a `share` of one."""

    share: float
    saved: float = 0.0  # calls

    def earned(self) -> "Allowance":
        return replace(self, saved=min(BURST, self.saved + self.share))

    def spent(self) -> "Allowance | None":
        """After a second call; None if there may be none."""
        return replace(self, saved=self.saved - 1.0) if self.saved >= 1.0 else None


def late(delays: Collection[float]) -> float | None:
    """Seconds that 95% of calls take at most; None where there were too few to say."""
    if len(delays) < ENOUGH:
        return None
    return sorted(delays)[int(0.95 * len(delays))]


class HedgingBackend:
    """Whole replies and streams are learned from apart: a reply's first byte is its last."""

    def __init__(self, backend: Backend, after: float | None, share: float) -> None:
        self._backend = backend
        self._after = after
        self._allowance = Allowance(share)
        self._replies: deque[float] = deque(maxlen=REMEMBERED)  # seconds
        self._streams: deque[float] = deque(maxlen=REMEMBERED)  # seconds

    async def reply(self, prompt: Prompt) -> Answer:
        answer, twice = await self._first(lambda: self._backend.reply(prompt), self._replies)
        return replace(answer, usage=_counted(answer.usage)) if twice else answer

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Sequence[Chunk], None]:
        begun, twice = await self._first(lambda: self._begun(prompt), self._streams)
        async with aclosing(begun.rest) as rest:
            chunks = begun.first
            while chunks is not None:
                yield [*map(_paid_twice, chunks)] if twice else chunks
                chunks = await anext(rest, None)

    async def _begun(self, prompt: Prompt) -> "_Begun":
        stream = self._backend.stream(prompt)
        try:
            return _Begun(await anext(stream, None), stream)
        except BaseException:
            await stream.aclose()
            raise

    async def _first(
        self, begin: Callable[[], Coroutine[Any, Any, T]], delays: deque[float]
    ) -> tuple[T, bool]:
        """What the first call to succeed gives, and whether there were two."""
        self._allowance = self._allowance.earned()
        loop = asyncio.get_running_loop()
        began, delay = loop.time(), late(delays) if self._after is None else self._after
        calls = [asyncio.create_task(begin(), name="call")]
        winner = None
        try:
            if delay is not None:
                await asyncio.wait(calls, timeout=delay)
                if not calls[0].done() and (left := self._allowance.spent()):
                    self._allowance = left
                    calls.append(asyncio.create_task(begin(), name="call again"))
            winner = await _first_success(calls)
        finally:
            await _given_up([call for call in calls if call is not winner])
        delays.append(loop.time() - began)
        return winner.result(), len(calls) > 1


@dataclass(frozen=True, slots=True)
class _Begun:
    """A stream whose first chunks are here."""

    first: Sequence[Chunk] | None
    rest: AsyncGenerator[Sequence[Chunk], None]


async def _first_success(calls: list[asyncio.Task[T]]) -> asyncio.Task[T]:
    """The call that succeeded first. Raises what the first one raised, if none does."""
    pending = set(calls)
    while pending:
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for call in calls:
            if call.done() and call.exception() is None:
                return call
    calls[0].result()
    raise AssertionError("a call that did not succeed raises")


async def _given_up(calls: list[asyncio.Task[T]]) -> None:
    for call in calls:
        call.cancel()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, _Begun):  # it succeeded too, at the same moment
            await outcome.rest.aclose()


def _paid_twice(chunk: Chunk) -> Chunk:
    return chunk if chunk.usage is None else replace(chunk, usage=_counted(chunk.usage))


def _counted(usage: Usage) -> Usage:
    return replace(usage, untold=usage.untold + 1)
