import asyncio

from routing.stopping import stop


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same():
    lost = []

    async def stubborn():
        while not lost:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost.append(1)
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await stop(task)
    assert (task.cancelled(), len(lost)) == (True, 1)


async def test_what_an_ended_task_raised_is_its_own():
    async def broken():
        raise ZeroDivisionError

    task = asyncio.create_task(broken())
    await asyncio.wait([task])
    await stop(task)
    await stop()
