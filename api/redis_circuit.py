"""Asks Redis under a deadline, few at once, and not again at once where it did not answer."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

from experts import circuit
from experts.circuit import State, Tripping

logger = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE = 1.0  # seconds that Redis has for one answer
PAUSE = 1.0  # seconds after a failure in which it is not asked; doubled while it goes on
LONGEST = 10.0  # of such pauses
TICKS = 4  # in which its time is counted
AT_ONCE = 32  # questions; a client's pool has 100 connections, and others need some


class Away(Exception):  # noqa: N818 - named for the state it reports
    """Redis does not answer."""


class NotAsked(Away):
    """Redis did not answer a moment ago, so this was not sent to it."""


class RedisCircuit:
    """Whether Redis can be asked for `what`. After a failure every question fails at once for
    `pause` seconds, and longer after each further one, up to `longest`; then one finds out."""

    def __init__(
        self,
        what: str,
        *,
        pause: float = PAUSE,
        patience: float = PATIENCE,
        longest: float = LONGEST,
    ) -> None:
        self._what = what
        tripping = Tripping(failures=1, window=1, pause=pause, longest=longest)
        self._circuit = circuit.Circuit(tripping)
        self._patience = patience
        self._random = random.Random()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer, or `Away`. Who waits for room does so no longer than the others take."""
        async with self._room:
            now = asyncio.get_running_loop().time()
            if self._circuit.wait(now):
                raise NotAsked
            probe = self._circuit.state(now) is not State.CLOSED
            self._circuit = self._circuit.asked()
            try:
                answer = await _within(self._patience, question())
            except (RedisError, TimeoutError, OSError) as error:
                self._failed(error, probe)
                raise Away from error
            except BaseException:
                if probe:
                    self._circuit = self._circuit.abandoned()
                raise
            self._succeeded(probe)
            return answer

    def _failed(self, error: Exception, probe: bool) -> None:
        if not self._circuit.opened:  # of several at once one is told
            why = str(error) or type(error).__name__
            reason = f"{self._what}: redis does not answer: {why}"
            logger.warning(reason, extra={"action": "redis_away"})
        now = asyncio.get_running_loop().time()
        self._circuit = self._circuit.failed(now, self._random.random(), probe=probe)

    def _succeeded(self, probe: bool) -> None:
        if probe:
            logger.info("%s: redis answers again", self._what, extra={"action": "redis_back"})
        self._circuit = self._circuit.succeeded(probe=probe)


async def _within(seconds: float, answer: Awaitable[T]) -> T:
    """The answer; raises `TimeoutError`. Between ticks the event loop looks for answers, so one
    that was held up, however long, does not blame Redis."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def tick(left: int) -> None:
        nonlocal timer
        if left:
            timer = loop.call_later(seconds / TICKS, tick, left - 1)
        else:
            limit.reschedule(loop.time())

    timer = loop.call_later(seconds / TICKS, tick, TICKS - 1)
    try:
        async with asyncio.timeout(None) as limit:
            return await answer
    finally:
        timer.cancel()
