"""Reads a stream of events in a task of its own, so that silence can be filled.

A generator must run in one task: its timeouts and task groups belong to it. So it cannot be
read under a timeout of ours, which would cancel it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from orchestrator.types import Event, Working

WAITING = 64  # events held for a slow client before the service is made to wait


class Feed:
    """The events, one at a time and under a timeout. Raises what the service raised."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | Exception] = asyncio.Queue(WAITING)
        self._held: list[Event] = []

    async def next(self, seconds: float) -> Event | None:
        """The next event; None if there is none within this time."""
        if self._held:
            return self._held.pop(0)
        try:
            if self._queue.empty():
                async with asyncio.timeout(seconds):
                    event = await self._queue.get()
            else:
                event = self._queue.get_nowait()
        except TimeoutError:
            return None
        if isinstance(event, Exception):
            raise event
        return event

    @property
    def at_hand(self) -> bool:
        """Whether the next one need not be waited for."""
        return bool(self._held) or not self._queue.empty()

    async def settle(self, head_start: float, silence: float) -> None:
        """Waits until the status of the response is known: to the first event that is more than
        a sign of work, but not beyond a head start after such a sign. Nothing is lost."""
        loop = asyncio.get_running_loop()
        held: list[Event] = []
        until = loop.time() + silence
        while (event := await self.next(max(0.0, until - loop.time()))) is not None:
            held.append(event)
            if not isinstance(event, Working):
                break
            until = min(until, loop.time() + head_start)
        self._held = held

    async def pump(self, events: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    await self._queue.put(event)
        except Exception as error:  # noqa: BLE001 - carried to the reader, who raises it
            await self._queue.put(error)
        else:
            await self._queue.put(RuntimeError("the stream ended without a verdict"))


@asynccontextmanager
async def feeding(events: AsyncGenerator[Event, None]) -> AsyncIterator[Feed]:
    """A feed of the events; leaving the context cancels their source."""
    feed = Feed()
    task = asyncio.create_task(feed.pump(events), name="stream a verdict")
    try:
        yield feed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
