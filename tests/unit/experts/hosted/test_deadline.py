import asyncio
from contextlib import closing

import pytest

from experts.hosted.deadline import Deadline


def soon(seconds=0.01):
    return asyncio.get_running_loop().time() + seconds


async def test_steps_within_the_deadline_return_what_they_return():
    with closing(Deadline(soon(60))) as deadline:
        assert [await deadline.step(asyncio.sleep(0, place)) for place in range(3)] == [0, 1, 2]


async def test_a_step_that_takes_too_long_is_ended():
    with closing(Deadline(soon())) as deadline:
        with pytest.raises(TimeoutError):
            await deadline.step(asyncio.sleep(3600))
        with pytest.raises(TimeoutError):
            await deadline.step(asyncio.Event().wait())


async def test_a_deadline_that_is_moved_ends_steps_then_and_not_before():
    with closing(Deadline(soon(0.02))) as deadline:
        deadline.move(soon(60))
        assert await deadline.step(asyncio.sleep(0.04, "there")) == "there"
        deadline.move(soon())
        with pytest.raises(TimeoutError):
            await deadline.step(asyncio.sleep(3600))


async def test_a_deadline_that_is_over_can_be_moved_whether_a_step_missed_it_or_not():
    async def ready():
        return "there"

    with closing(Deadline(soon())) as deadline:
        with pytest.raises(TimeoutError):
            await deadline.step(asyncio.sleep(3600))
        deadline.move(soon(60))
        assert await deadline.step(asyncio.sleep(0.02, "there")) == "there"
        deadline.move(soon())
        await asyncio.sleep(0.05)
        assert await deadline.step(ready()) == "there"
        deadline.move(soon(60))
        assert await deadline.step(asyncio.sleep(0.02, "there")) == "there"


async def test_a_deadline_that_is_moved_to_later_holds_then():
    with closing(Deadline(soon())) as deadline:
        for _ in range(3):
            deadline.move(soon(0.02))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await deadline.step(asyncio.sleep(3600))
        assert asyncio.current_task().cancelling() == 0


async def test_whoever_takes_the_steps_may_be_late_for_one_that_need_not_be_waited_for():
    async def ready():
        return "there"

    with closing(Deadline(soon())) as deadline:
        await asyncio.sleep(0.05)
        assert await deadline.step(ready()) == "there"


async def test_a_step_that_somebody_else_cancels_is_cancelled_and_not_late():
    with closing(Deadline(soon(60))) as deadline:
        stepping = asyncio.create_task(deadline.step(asyncio.sleep(3600)))
        await asyncio.sleep(0)
        stepping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stepping
