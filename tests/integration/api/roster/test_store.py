"""Posted cards in a real Redis, shared by two workers."""

import asyncio

import pytest
from redis.asyncio import Redis

from api.roster import store as stores
from api.roster.errors import BadCard, RosterAway, Taken
from api.roster.posted import Posted
from api.roster.store import RosterStore

CARD = {"kind": "scripted", "default": 'It is "4".', "skills": ["ü"]}


@pytest.fixture
async def workers(redis, url):
    async with Redis.from_url(url, decode_responses=True) as other:
        yield RosterStore(redis), RosterStore(other)


async def test_what_one_worker_was_posted_the_other_has(workers):
    one, other = workers
    assert (await one.all(), await one.version()) == ([], 0)
    first, second = Posted("zoe", CARD, 2.0), Posted("eve", CARD, 1.0)
    await one.add(first)
    await one.add(second)
    assert await other.all() == [second, first]
    assert await other.version() == 2
    assert await other.remove("zoe")
    assert not await one.remove("zoe")
    assert await one.all() == [second]
    assert await one.version() == 3


async def test_of_two_at_once_one_has_the_name(workers):
    adding = (worker.add(Posted("zoe", CARD, 1.0)) for worker in workers * 5)
    outcomes = await asyncio.gather(*adding, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Taken) for outcome in outcomes) == 9


async def test_there_is_a_most(workers, redis):
    fields = {f"e{number}": "{}" for number in range(stores.MOST)}
    await redis.hset(stores.POSTED, mapping=fields)
    with pytest.raises(BadCard, match="the limit"):
        await workers[0].add(Posted("zoe", CARD, 1.0))


async def test_a_redis_that_is_away_is_told(tmp_path):
    async with Redis.from_url(f"unix://{tmp_path}/nobody.sock") as redis:
        store = RosterStore(redis)
        for asked in (store.all(), store.version(), store.remove("zoe")):
            with pytest.raises(RosterAway):
                await asked
