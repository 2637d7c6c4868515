"""Ends tasks that would run for ever."""

import asyncio
from typing import Any

AGAIN = 0.5  # seconds, in which most have tidied up


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancels them until they have ended; what they raise is theirs. Once is not enough: before
    Python 3.12 `asyncio.wait_for`, which redis-py sends with, loses a cancellation that comes as
    what it waits for is done (python/cpython#86296)."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)
