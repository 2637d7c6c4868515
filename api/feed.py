"""Has a question answered in a task of its own, so that silence can be filled meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from experts.hosted.deadline import Deadline
from orchestrator.types import Event, Listener, Verdict, Working

WAITING = 16  # times a slow client is told something it has not read before the service must wait

Answering = Callable[[Listener], Awaitable[Verdict]]
Told = Sequence[Event] | Verdict


class Feed:
    """What the service tells, what came together at once, and under a timeout. The verdict is the
    last. Raises what the service raised."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Told | Exception] = asyncio.Queue(WAITING)
        self._held: list[Told] = []
        self._deadline = Deadline(asyncio.get_running_loop().time())  # moved before each wait

    async def next(self, seconds: float) -> Told | None:
        """What is told next; None if there is nothing within this time."""
        if self._held:
            return self._held.pop(0)
        try:
            if self._queue.empty():
                self._deadline.move(self._deadline.now + seconds)
                told = await self._deadline.step(self._queue.get())
            else:
                told = self._queue.get_nowait()
        except TimeoutError:
            return None
        if isinstance(told, Exception):
            raise told
        return told

    @property
    def at_hand(self) -> bool:
        """Whether the next one need not be waited for."""
        return bool(self._held) or not self._queue.empty()

    async def settle(self, head_start: float, silence: float) -> None:
        """Waits until the status of the response is known: to the first event that is more than
        a sign of work, but not beyond a head start after such a sign. Nothing is lost."""
        loop = asyncio.get_running_loop()
        held: list[Told] = []
        until = loop.time() + silence
        while (told := await self.next(max(0.0, until - loop.time()))) is not None:
            held.append(told)
            if isinstance(told, Verdict) or not all(isinstance(each, Working) for each in told):
                break
            until = min(until, loop.time() + head_start)
        self._held = held

    async def fill(self, answer: Answering) -> None:
        try:
            await self._queue.put(await answer(self._queue.put))
        except Exception as error:  # noqa: BLE001 - carried to the reader, who raises it
            await self._queue.put(error)

    def close(self) -> None:
        self._deadline.close()


@asynccontextmanager
async def feeding(answer: Answering) -> AsyncIterator[Feed]:
    """A feed of what is told until the verdict; leaving the context cancels whoever works on it."""
    feed = Feed()
    task = asyncio.create_task(feed.fill(answer), name="stream a verdict")
    try:
        yield feed
    finally:
        feed.close()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
