"""Slots: how many calls at once, who goes first, and who is refused with an estimate."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.errors import BackendUnavailable
from experts.hosted.slots import Slots
from experts.types import Priority
from tests.virtual_time import in_virtual_time

PERSON, FILE = Priority.INTERACTIVE, Priority.BATCH


async def call(slots, priority=PERSON, seconds=1.0, done=None):
    async with slots.turn(priority):
        await asyncio.sleep(seconds)
        if done is not None:
            done.append(priority)


async def together(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


@in_virtual_time
async def test_more_than_may_wait_are_refused_and_the_others_answered():
    slots = Slots(1, most=2)
    found = await together(*(call(slots) for _ in range(5)))
    assert found[:3] == [None] * 3
    assert [type(error) for error in found[3:]] == [BackendUnavailable] * 2


@in_virtual_time
async def test_people_go_before_a_file_of_questions():
    slots, done = Slots(1), []
    files = [call(slots, FILE, done=done) for _ in range(3)]
    await together(*files, call(slots, PERSON, done=done))
    assert done == [FILE, PERSON, FILE, FILE]


@in_virtual_time
async def test_who_would_wait_longer_than_a_reply_may_take_is_refused_with_an_estimate():
    slots = Slots(2, longest=13.0)
    await together(call(slots, seconds=4.0), call(slots, seconds=4.0))
    found = await together(*(call(slots, seconds=4.0) for _ in range(10)))
    refused = [error for error in found if error is not None]
    assert len(refused) == 2  # two are called, and six wait for 12 s at most
    assert [error.retry_after for error in refused] == pytest.approx([14.0] * 2)


@in_virtual_time
async def test_nobody_waits_longer_than_a_reply_may_take_for_a_call_that_hangs():
    slots = Slots(1, longest=10.0)
    hanging = asyncio.create_task(call(slots, seconds=60.0))
    await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    with pytest.raises(BackendUnavailable, match="busy"):
        await call(slots)
    assert asyncio.get_running_loop().time() - began == pytest.approx(10.0)
    await hanging
    await call(slots)


@in_virtual_time
async def test_a_file_of_questions_waits_however_long_it_takes():
    slots = Slots(1, longest=2.0)
    await call(slots)
    assert await together(*(call(slots, FILE) for _ in range(20))) == [None] * 20


@in_virtual_time
async def test_one_that_stops_waiting_takes_no_place():
    slots = Slots(1)
    first = asyncio.create_task(call(slots))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(call(slots))
    await asyncio.sleep(0)
    waiting.cancel()
    await together(first, waiting)
    assert slots.wait() == 0
    await call(slots)


@in_virtual_time
async def test_one_that_is_cancelled_as_it_gets_its_place_passes_it_on():
    slots = Slots(1)
    first = asyncio.create_task(call(slots))
    await asyncio.sleep(0)
    second, third = (asyncio.create_task(call(slots)) for _ in range(2))
    await asyncio.sleep(0)
    await first
    second.cancel()
    await together(second)
    await third
    assert slots.wait() == 0


@in_virtual_time
async def test_who_leaves_at_the_moment_a_place_is_free_leaves_it_to_the_next():
    slots = Slots(1)
    tasks = [asyncio.create_task(call(slots, seconds=60.0)) for _ in range(4)]
    await asyncio.sleep(1.0)
    for task in tasks[:3]:
        task.cancel()
    await together(*tasks[:3])
    await tasks[3]
    assert slots.wait() == 0


@given(st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 5), st.booleans())))
def test_whoever_comes_and_goes_no_more_than_the_slots_are_ever_taken(callers):
    @in_virtual_time
    async def check():
        slots, inside, most = Slots(3), 0, 0

        async def one(priority, seconds):
            nonlocal inside, most
            async with slots.turn(priority):
                inside += 1
                most = max(most, inside)
                try:
                    await asyncio.sleep(seconds)
                finally:
                    inside -= 1

        tasks = []
        for priority, seconds, leaves in callers:
            tasks.append(asyncio.create_task(one(priority, seconds)))
            await asyncio.sleep(0.5)
            if leaves:
                for task in tasks[len(tasks) // 2 :]:
                    task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= 3
        assert (inside, slots.wait()) == (0, 0)
        await together(*(one(PERSON, 1) for _ in range(3)))
        assert most <= 3

    check()
