"""Reading a batch: in order, a slice ahead and no further, and nobody who is slow is waited for."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import Prompt
from orchestrator.intake import slices
from orchestrator.types import Request
from tests.waiting import until


def request(number):
    return Request(Prompt.of(str(number)))


def numbers(together):
    return [int(its.prompt.text) for its in together]


@given(st.integers(0, 50), st.integers(1, 8), st.booleans())
def test_every_request_comes_once_and_in_order_in_slices_no_larger_than_asked_for(
    count, size, waits
):
    async def come():
        for number in range(count):
            yield request(number)

    async def read():
        requests = come() if waits else map(request, range(count))
        return [numbers(together) async for together in slices(requests, size)]

    found = asyncio.run(read())
    assert [number for together in found for number in together] == list(range(count))
    assert all(1 <= len(together) <= size for together in found)


async def test_what_is_there_comes_in_full_slices():
    found = [len(together) async for together in slices(map(request, range(10)), 4)]
    assert found == [4, 4, 2]


async def test_the_first_slices_are_small_and_grow():
    found = [len(together) async for together in slices(map(request, range(500)), 256)]
    assert found[:3] == [32, 64, 128]
    assert sum(found) == 500
    assert max(found) <= 256


@pytest.mark.parametrize("waits", [False, True], ids=["iterable", "async iterable"])
async def test_no_more_is_read_than_a_slice_and_one_ahead(waits):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield request(read)

    async def endless_and_async():
        for its in endless():
            yield its

    async with aclosing(slices(endless_and_async() if waits else endless(), 8)) as found:
        for taken in range(1, 20):
            await anext(found)
            for _ in range(20):
                await asyncio.sleep(0)
            assert read <= 8 * (taken + 1) + 1


async def test_a_slow_writer_is_not_waited_for_until_a_slice_is_full():
    more = asyncio.Event()

    async def slow():
        yield request(1)
        yield request(2)
        await more.wait()
        yield request(3)

    async with aclosing(slices(slow(), 100)) as found:
        assert numbers(await anext(found)) == [1, 2]
        more.set()
        assert numbers(await anext(found)) == [3]
        assert await anext(found, None) is None


async def test_what_goes_wrong_is_raised_after_all_that_came_before_it():
    async def broken():
        yield request(1)
        raise OSError("the disk is gone")

    found = slices(broken(), 4)
    assert numbers(await anext(found)) == [1]
    with pytest.raises(OSError, match="the disk is gone"):
        await anext(found)


async def test_closing_it_stops_the_reading_and_leaves_no_task():
    gone = asyncio.Event()

    async def silent():
        try:
            yield request(1)
            await asyncio.Event().wait()
        finally:
            gone.set()

    before = asyncio.all_tasks()
    async with aclosing(slices(silent(), 4)) as found:
        await anext(found)
        waiting = asyncio.create_task(anext(found))
        await until(lambda: len(asyncio.all_tasks()) > len(before) + 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert gone.is_set()
    assert asyncio.all_tasks() == before
