"""Responses in a real Redis, by several workers."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from api.responses import names
from api.responses.errors import UnknownResponse
from api.responses.items import Said, new_id
from api.responses.record import Record, packed
from api.responses.store import DAY
from tests.keys import Clock
from tests.responses import patient


def made(text="so"):
    response = {"id": new_id("resp"), "output": [text]}
    return Record(response, (Said.new("user", "why?"),), (Said.new("assistant", text),))


def room_for(count, store):
    """The store, with room for so many records of the usual size."""
    return replace(store, most=count * len(packed(made())))


@pytest.fixture
def clock():
    return Clock(2_000_000_000.0)  # ends that Redis itself does not reach while a test runs


@pytest.fixture
def store(redis, clock):
    return replace(patient(redis), clock=clock)


async def held(redis, store):
    return int(await redis.get(names.held(store.tenant)) or 0)


async def test_a_response_is_found_as_it_was_kept_by_any_worker(store, url):
    record = made()
    await store.reach()
    assert await store.keep(record)
    async with Redis.from_url(url) as other:
        assert await patient(other).find(record.id) == record


async def test_another_tenants_response_is_as_unknown_as_none(store):
    record = made()
    ours, theirs = store.of("acme"), store.of("acme:x")
    await ours.keep(record)
    for other in (theirs, store, store.of("ACME"), store.of("*")):
        with pytest.raises(UnknownResponse) as unknown:
            await other.find(record.id)
        assert str(unknown.value) == str(UnknownResponse(record.id))
        with pytest.raises(UnknownResponse):
            await other.forget(record.id)
    assert await ours.find(record.id) == record


async def test_what_is_forgotten_is_gone_and_its_room_is_free(store, redis):
    record, other = made(), made()
    await store.keep(record)
    await store.keep(other)
    await store.forget(record.id)
    with pytest.raises(UnknownResponse):
        await store.forget(record.id)
    assert await held(redis, store) == len(packed(other))
    assert await redis.zcard(names.index("")) == 1


async def test_the_oldest_make_room_and_other_tenants_do_not(store, clock, redis):
    small = room_for(3, store)
    theirs = made()
    await small.of("theirs").keep(theirs)
    records = [made() for _ in range(5)]
    for record in records:
        clock.now += 1
        assert await small.keep(record)
    for record in records[:2]:
        with pytest.raises(UnknownResponse):
            await small.find(record.id)
    for record in records[2:]:
        assert await small.find(record.id) == record
    assert await small.of("theirs").find(theirs.id) == theirs
    assert await held(redis, small) <= small.most


async def test_what_is_larger_than_all_that_may_be_is_not_kept_and_costs_no_other(store):
    small, record = room_for(2, store), made()
    await small.keep(record)
    assert not await small.keep(made("x" * 1000))
    assert await small.find(record.id) == record


async def test_everything_ends_by_itself(redis):
    await replace(patient(redis), seconds=0.05).keep(made())
    async with asyncio.timeout(10):
        while await redis.keys("convene:responses:*"):  # noqa: ASYNC110 - Redis sets no event
            await asyncio.sleep(0.01)


async def test_what_is_over_makes_room_before_anything_else_does(store, redis, clock):
    small = room_for(2, store)
    brief = replace(small, seconds=1.0)
    first, over, last = made(), made(), made()
    await small.keep(first)
    await brief.keep(over)
    clock.now += DAY
    await small.keep(last)
    assert await small.find(first.id) == first
    assert await small.find(last.id) == last
    assert await held(redis, small) == small.most


async def test_many_workers_keep_within_the_bound(store, redis):
    small = room_for(10, store)
    records = [made() for _ in range(100)]
    assert all(await asyncio.gather(*(small.keep(record) for record in records)))
    listed = await redis.zrange(names.index(""), 0, -1)
    assert len(listed) == 10
    assert await held(redis, small) == small.most
    found = [record for record in records if await redis.exists(names.record("", record.id))]
    assert len(found) == 10
