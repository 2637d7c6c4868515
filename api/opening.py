"""Opens the service while HTTP is already being answered, and closes it at the end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from api.batches.desk import Desk
from api.batches.worker import at_work
from api.errors import NotOpen
from api.keys.metered import for_whom
from api.running import Opened, Running

logger = logging.getLogger(__name__)
CLOSING = 30.0  # seconds to close in good order
Failed = Callable[[Exception], None]


class Door:
    """Whether the service is open. One task opens, holds and closes it: contexts of task groups
    must be left by the task that entered them."""

    def __init__(self) -> None:
        self._opened: Running | None = None
        self._closing = asyncio.Event()

    @property
    def running(self) -> Running | None:
        """What answers by now; a request keeps to what it found here."""
        return self._opened.now if self._opened else None

    async def hold(self, opened: Opened, failed: Failed) -> None:
        try:
            async with opened() as running, at_work(running):
                self._opened = running
                logger.info("ready to answer", extra={"action": "opened"})
                await self._closing.wait()
                self._opened = None
        except Exception as error:
            self._opened = None
            logger.exception("the service cannot run: %s", error, extra={"action": "open_failed"})
            failed(error)

    def close(self) -> None:
        """Closes it in good order; one that is still opening is cancelled instead."""
        self._closing.set()


@asynccontextmanager
async def doorkeeper(opened: Opened, failed: Failed) -> AsyncIterator[Door]:
    """A door that starts to open at once, and is closed when the context ends."""
    door = Door()
    task = asyncio.create_task(door.hold(opened, failed), name="hold the service open")
    try:
        yield door
    finally:
        if door.running is None:
            task.cancel()
        door.close()
        await asyncio.wait((task,), timeout=CLOSING)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def door(request: Request) -> Door:
    found: Door = request.app.state.door
    return found


def opened(request: Request) -> Running:
    """The service, as this request may use it. Raises `NotOpen`."""
    running = door(request).running
    if running is None:
        raise NotOpen
    return for_whom(running, request.scope)


async def _open(request: Request) -> Running:
    return opened(request)


Open = Annotated[Running, Depends(_open)]


async def _desk(running: Open) -> Desk:
    if running.desk is None:
        raise HTTPException(501, "this service was opened without a place to keep files")
    return running.desk


AtDesk = Annotated[Desk, Depends(_desk)]
