"""Batches in a real Redis: the scripts do what the model says, whatever happens in between."""

import asyncio
import random
from dataclasses import replace

import pytest

from api.batches import names
from api.batches.batch import Status, cancelled, ended, finalizing, validated
from api.batches.lease import Lease, LeaseLost
from api.batches.line import Result
from api.batches.store import OPEN_OF_A_TENANT, Batches
from api.files.errors import Full, NotNow
from tests.batches import Model, batch
from tests.keys import NOW, Clock

FOREVER = 3600.0


@pytest.fixture
def batches(redis):
    return Batches(redis, Clock())


@pytest.fixture
async def made(batches):
    found = batch()
    await batches.add(found)
    return found


def result(line=1, *, failed=False):
    return Result({"line": line}, failed, 3, 2, {"ada": 1})


@pytest.mark.parametrize("seed", range(6))
async def test_redis_keeps_results_as_the_model_does(batches, made, redis, seed):
    """A lapse is a deleted lease: Redis's clock cannot be turned."""
    dice, model = random.Random(seed), Model()
    workers = {name: Lease(redis, made.id, FOREVER) for name in ("one", "two", "three")}
    for _ in range(300):
        action, name = dice.random(), dice.choice(sorted(workers))
        if action < 0.15:
            assert await workers[name].take() == model.take(name, 10**9)
        elif action < 0.25:
            await workers[name].release()
            model.release(name)
        elif action < 0.3:
            await redis.delete(names.lease(made.id))
            model.owner = None
        elif action < 0.33:
            await reopens_as(model, batches, made)
        else:
            line, failed = dice.randint(1, 40), dice.random() < 0.3
            await records_as(
                model, batches, made, (name, workers[name]), result(line, failed=failed)
            )
    await same(model, batches, made, redis)


async def records_as(model, batches, made, worker, found):
    name, lease = worker
    line = found.document["line"]
    model.take(name, 10**9)  # who finds no lease takes it again
    expected = model.record(name, line, failed=found.failed)
    try:
        told = await batches.record(made, lease, line, found)
    except LeaseLost:
        told = -1
    assert told == expected


async def same(model, batches, made, redis):
    counts, done = await batches.counts(made.id), await batches.done(made.id)
    assert (counts.completed, counts.failed) == (len(model.output), len(model.errors))
    assert {line for line in range(1, 41) if line in done} == model.done
    assert done.count == len(model.done)
    output = [b'{"line":%d}\n' % line for line, _ in model.output]
    assert await redis.lrange(names.output(made.id), 0, -1) == output
    assert counts.bytes == sum(map(len, output))
    errors = [text async for text in batches.errors(made.id)]
    assert errors == [b'{"line":%d}\n' % line for line in sorted(model.errors)]


async def reopens_as(model, batches, made):
    left = model.reopen()
    if left == -1:
        with pytest.raises(NotNow, match="a worker is still at"):
            await batches.reopen(made.id)
    else:
        assert await batches.reopen(made.id) == left


async def test_two_workers_that_record_at_the_same_time_leave_one_result_a_line(
    batches, made, redis
):
    one, two = Lease(redis, made.id, FOREVER), Lease(redis, made.id, FOREVER)
    told = []

    async def work(lease):
        for line in range(200):
            try:
                if await batches.record(made, lease, line, result(line)):
                    told.append(line)
            except LeaseLost:
                await asyncio.sleep(0)
            if line % 7 == 0:
                await redis.delete(names.lease(made.id))  # as if it had lapsed

    await asyncio.gather(work(one), work(two))
    assert len(told) == len(set(told)) == await redis.llen(names.output(made.id))


async def test_a_lease_lapses_and_another_takes_it(redis, made):
    one, two = Lease(redis, made.id, 0.2), Lease(redis, made.id)
    assert await one.take()
    assert not await two.take()
    async with asyncio.timeout(5):
        while not await two.take():  # noqa: ASYNC110 - Redis lets it lapse
            await asyncio.sleep(0.01)
    with pytest.raises(LeaseLost):
        await one.hold()
    await one.release()
    await two.hold()


async def test_who_lost_its_lease_changes_no_record(batches, made, redis):
    one, two = Lease(redis, made.id, FOREVER), Lease(redis, made.id, FOREVER)
    await two.take()
    with pytest.raises(LeaseLost):
        await batches.change(made.id, lambda b: validated(b, 3, (), NOW), lease=one)
    assert (await batches.catalogue.look(made.id)).status is Status.VALIDATING
    await batches.change(made.id, lambda b: validated(b, 3, (), NOW), lease=two)
    assert (await batches.catalogue.look(made.id)).status is Status.IN_PROGRESS


async def test_an_open_batch_is_due_until_it_has_ended(batches, made):
    assert [found.id for found in await batches.due()] == [made.id]
    await batches.put_off(made.id, NOW + 10)
    assert await batches.due() == []
    batches.clock.now += 10
    assert [found.id for found in await batches.due()] == [made.id]
    await batches.change(made.id, lambda b: finalizing(b, Status.EXPIRED, (), NOW))
    await batches.change(made.id, lambda b: ended(b, None, None, NOW))
    assert await batches.due() == []
    await batches.put_off(made.id, 0)
    assert await batches.due() == []


async def test_who_cancels_need_not_wait_until_it_is_due(batches, made):
    await batches.put_off(made.id, NOW + 1000)
    await batches.change(made.id, lambda b: cancelled(b, NOW), due=NOW)
    assert [found.id for found in await batches.due()] == [made.id]
    await batches.put_off(made.id, NOW + 1000)  # by a worker that did not see it yet
    assert [found.id for found in await batches.due()] == [made.id]


async def test_a_batch_whose_record_is_gone_is_due_no_more(batches, made, redis):
    await redis.delete(f"convene:batches:{{{made.id}}}:record")
    assert await batches.due() == []
    assert await redis.zcard(names.QUEUE) == 0


async def test_a_tenant_has_no_more_open_batches_than_it_may(batches):
    for _ in range(OPEN_OF_A_TENANT):
        await batches.add(batch())
    with pytest.raises(Full, match="wait for one to end"):
        await batches.add(batch())
    await batches.add(batch("other"))


async def test_results_of_which_some_were_deleted_are_not_gone_on_with(batches, made, redis):
    lease = Lease(redis, made.id)
    await lease.take()
    await batches.record(made, lease, 1, result())
    await lease.release()
    await redis.delete(names.output(made.id))
    with pytest.raises(NotNow, match="were deleted"):
        await batches.reopen(made.id)


async def test_nothing_of_a_batch_stays_for_ever(batches, made, redis):
    kept = replace(made, expires=4e9)
    lease = Lease(redis, made.id)
    await lease.take()
    for line in (1, 2):
        await batches.record(kept, lease, line, result(failed=line == 2))
    found = [key async for key in redis.scan_iter(f"convene:batches:{{{made.id}}}:*")]
    assert len(found) == 6
    assert all([await redis.ttl(key) > 0 for key in found])
