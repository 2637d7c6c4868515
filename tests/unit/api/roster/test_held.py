"""A context is left by the task that entered it, whoever closes it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from api.roster.held import Held


@asynccontextmanager
async def grouped(left):
    """Fails if it is left by another task than the one that entered it."""
    async with asyncio.TaskGroup():
        yield "open"
    left.append(asyncio.current_task().get_name())


async def test_it_is_open_until_it_is_closed():
    left = []
    held = await Held.open(grouped(left), "holder")
    assert (held.value, left) == ("open", [])
    await asyncio.create_task(held.close())
    assert left == ["holder"]


async def test_what_cannot_be_opened_says_why():
    @asynccontextmanager
    async def broken():
        raise ValueError("no")
        yield

    with pytest.raises(ValueError, match="no"):
        await Held.open(broken(), "holder")


async def test_who_stops_waiting_for_it_leaves_nothing_open():
    entered, left = asyncio.Event(), []

    @asynccontextmanager
    async def slow():
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.append("slow")
        yield

    opening = asyncio.create_task(Held.open(slow(), "holder"))
    await entered.wait()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    await asyncio.sleep(0)
    assert left == ["slow"]
