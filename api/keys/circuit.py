"""Asks Redis under a deadline, few at once, and not again at once where it did not answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE = 1.0  # seconds that Redis has for one answer
PAUSE = 1.0  # seconds after a failure in which it is not asked
AT_ONCE = 32  # questions; a client's pool has 100 connections, and others need some


class Away(Exception):  # noqa: N818 - named for the state it reports
    """Redis does not answer."""


class NotAsked(Away):
    """Redis did not answer a moment ago, so this was not sent to it."""


class Circuit:
    """Whether Redis can be asked. After a failure every question fails at once for `pause`
    seconds; then the next one finds out."""

    def __init__(self, pause: float = PAUSE, patience: float = PATIENCE) -> None:
        self._pause = pause
        self._patience = patience
        self._closed_until = 0.0
        self._room = asyncio.Semaphore(AT_ONCE)

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer, or `Away`. Who waits for room does so no longer than the others take."""
        async with self._room:
            loop = asyncio.get_running_loop()
            if loop.time() < self._closed_until:
                raise NotAsked
            try:
                async with asyncio.timeout(self._patience):
                    return await question()
            except (RedisError, TimeoutError, OSError) as error:
                if loop.time() >= self._closed_until:  # of several at once one is told
                    reason = f"keys: redis does not answer: {error}"
                    logger.warning(reason, extra={"action": "keys_away"})
                self._closed_until = loop.time() + self._pause
                raise Away from error
