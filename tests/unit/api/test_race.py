import asyncio

import pytest

from api.errors import HungUp
from api.race import unless_hung_up


class Client:
    """A client that stays until it is told to leave."""

    def __init__(self):
        self.leave = asyncio.Event()

    async def receive(self):
        await self.leave.wait()
        return {"type": "http.disconnect"}


async def test_work_that_is_waited_for_returns_its_result():
    assert await unless_hung_up(Client().receive, asyncio.sleep(0, "done")) == "done"


async def test_work_that_fails_raises_its_own_error():
    async def broken():
        raise KeyError("x")

    with pytest.raises(KeyError):
        await unless_hung_up(Client().receive, broken())


async def test_a_client_that_leaves_cancels_the_work():
    client, cancelled = Client(), asyncio.Event()

    async def work():
        client.leave.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(HungUp):
        await unless_hung_up(client.receive, work())
    assert cancelled.is_set()


async def test_cancelling_the_endpoint_cancels_the_work():
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def work():
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    endpoint = asyncio.create_task(unless_hung_up(Client().receive, work()))
    await started.wait()
    endpoint.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endpoint
    assert cancelled.is_set()
