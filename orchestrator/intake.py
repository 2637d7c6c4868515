"""The requests of a batch as they come: in slices, and read no further ahead than a slice."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable

from orchestrator.types import Request

FIRST = 32  # requests of the first slice, at most; each may be twice as large as the one before

Requests = Iterable[Request] | AsyncIterable[Request]


async def slices(requests: Requests, size: int) -> AsyncGenerator[list[Request], None]:
    """All requests in order, at most `size` together and at most `size` more read beside them.

    A slice is whatever has come by the time it is asked for, at least one: who writes a line a
    minute has each answered at once, and a file comes in full slices. The first slices are small,
    so that engines have work while the rest is recruited.
    """
    most = min(FIRST, size)
    come: asyncio.Queue[Request | None] = asyncio.Queue()
    room = asyncio.Semaphore(size)
    reading = asyncio.create_task(_read(requests, come, room), name="read a batch")
    reading.add_done_callback(lambda _: come.put_nowait(None))
    try:
        while (first := await come.get()) is not None:
            together = [first]
            while len(together) < most and not come.empty():
                if (request := come.get_nowait()) is None:
                    come.put_nowait(None)  # for the next look
                    break
                together.append(request)
            for _ in together:
                room.release()
            most = min(2 * most, size)
            yield together
        await reading  # raises what went wrong with it
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _read(
    requests: Requests, come: "asyncio.Queue[Request | None]", room: asyncio.Semaphore
) -> None:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            await room.acquire()
            come.put_nowait(request)
    else:
        for request in requests:
            await room.acquire()
            come.put_nowait(request)
