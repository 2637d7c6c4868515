"""Costs in a real Redis: shared, merged, and never a reason to fail."""

import asyncio
import json
import logging

import pytest
from redis.asyncio import Redis

from experts.engines.cost_store import LIFE, CostStore, Name
from experts.engines.costs import Ran, Replied, Started, Swapped
from experts.engines.priors import CPU, Size, costs_before

NAME = Name("cpu", "tiny-0123abcd")
PRIOR = costs_before(Size(4_000_000, 1_000_000), CPU, {"ada": 64})
HAPPENED = [
    Started(7.0),
    Swapped(4_000_000, 0.05),
    Ran(200, 3000, 0.9),
    Replied("ben", 10, 300, 200),
]


async def test_the_prior_is_what_is_known_at_first(redis):
    assert await CostStore(redis).load({NAME: PRIOR}) == {NAME: PRIOR}
    assert await CostStore(redis).load({}) == {}


async def test_what_one_process_learns_the_next_begins_with(redis, url):
    learned = await CostStore(redis).learn(NAME, HAPPENED, PRIOR)
    assert learned.start == pytest.approx(7.0, rel=0.1)
    async with Redis.from_url(url, decode_responses=True) as other:
        assert await CostStore(other).load({NAME: PRIOR}) == {NAME: learned}


async def test_each_family_on_each_kind_of_device_has_costs_of_its_own(redis):
    store = CostStore(redis)
    others = [Name("h100", NAME.family), Name(NAME.device, "other")]
    await store.learn(NAME, HAPPENED, PRIOR)
    assert await store.load(dict.fromkeys(others, PRIOR)) == dict.fromkeys(others, PRIOR)


async def test_processes_that_learn_at_once_lose_nothing(redis, url):
    async with Redis.from_url(url) as second:
        stores = [CostStore(redis), CostStore(second)]
        await asyncio.gather(
            *(stores[n % 2].learn(NAME, [Started(5.0 + n)], PRIOR) for n in range(10))
        )
        (known,) = (await stores[0].load({NAME: PRIOR})).values()
    seen = sorted(each.seconds for each in known.starting.recent)
    assert seen == [5.0 + n for n in range(10)]


async def test_an_expert_that_is_new_has_its_cards_lengths(redis):
    store = CostStore(redis)
    await store.learn(NAME, HAPPENED, PRIOR)
    later = costs_before(Size(4_000_000, 1_000_000), CPU, {"ada": 64, "cleo": 800})
    (known,) = (await store.load({NAME: later})).values()
    assert known.lengths_of("cleo").reply == 200
    assert known.lengths_of("ben").reply != PRIOR.lengths_of("ben").reply


async def test_costs_lapse_a_month_after_the_last_that_was_learned(redis):
    await CostStore(redis).learn(NAME, HAPPENED, PRIOR)
    assert LIFE - 60 < await redis.ttl(NAME.key) <= LIFE == 30 * 24 * 3600


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "no JSON",
        b"\xff\xfe",
        "[]",
        "{}",
        json.dumps(PRIOR.plain() | {"version": 0}),
        json.dumps(PRIOR.plain() | {"lengths": {"ada": [float("nan")] * 3}}),
    ],
    ids=["nothing", "no JSON", "no text", "a list", "an empty one", "another version", "nan"],
)
async def test_what_cannot_be_read_is_ignored_and_replaced(redis, caplog, stored):
    store = CostStore(redis)
    await redis.set(NAME.key, stored)
    with caplog.at_level(logging.WARNING):
        assert await store.load({NAME: PRIOR}) == {NAME: PRIOR}
    assert [record.action for record in caplog.records] == ["costs_ignored"]
    learned = await store.learn(NAME, HAPPENED, PRIOR)
    assert await store.load({NAME: PRIOR}) == {NAME: learned}


async def test_without_a_redis_there_is_the_prior_and_what_was_seen(caplog):
    async with Redis.from_url("redis://127.0.0.1:1") as nowhere:
        store = CostStore(nowhere)
        assert await store.load({NAME: PRIOR}) == {NAME: PRIOR}
        assert (await store.learn(NAME, [Started(7.0)], PRIOR)).start > PRIOR.start
    actions = [record.action for record in caplog.records]
    assert actions == ["costs_not_loaded", "costs_not_stored"]


async def test_a_key_of_another_kind_is_no_failure(redis):
    await redis.lpush(NAME.key, "something")
    store = CostStore(redis)
    assert await store.load({NAME: PRIOR}) == {NAME: PRIOR}
    assert (await store.learn(NAME, [Started(7.0)], PRIOR)).start > PRIOR.start
