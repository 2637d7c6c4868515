"""Cancels work that nobody waits for. uvicorn cancels no endpoint when its client hangs up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from api.errors import HungUp

T = TypeVar("T")


async def unless_hung_up(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; raises `HungUp` and cancels it if the client leaves before. The body
    must have been read, so that all that can still be received is the client's leaving."""
    working = asyncio.create_task(work, name="answer a request")
    leaving = asyncio.create_task(_cancelling(receive, working), name="watch a client")
    try:
        return await working
    except asyncio.CancelledError as error:
        if leaving.done() and not leaving.cancelled():
            leaving.result()
            raise HungUp("the client hung up; its work was cancelled") from error
        raise
    finally:
        leaving.cancel()


async def _cancelling(receive: Receive, working: "asyncio.Task[T]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    working.cancel()
