"""Waiting for Redis: whatever is asked of it is asked again until it answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError, ResponseError

T = TypeVar("T")
SHORTEST, LONGEST = 0.1, 2.0  # seconds between two tries
ONE_ANSWER = 10.0  # seconds
logger = logging.getLogger(__name__)


async def patiently(question: Callable[[], Awaitable[T]], seconds: float | None = ONE_ANSWER) -> T:
    """The answer, however long Redis is away; it has so many seconds for each try. Only for what
    may be done twice. Whoever waits no longer cancels it."""
    pause = SHORTEST
    while True:
        try:
            async with asyncio.timeout(seconds):
                return await question()
        except ResponseError:
            raise  # it answers, and asking again changes nothing
        except (RedisError, OSError, TimeoutError) as error:
            if pause == SHORTEST:
                logger.warning("batches wait for redis: %s", error, extra={"action": "batch_waits"})
        await asyncio.sleep(pause)
        pause = min(LONGEST, 2 * pause)
