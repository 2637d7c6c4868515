"""Feedback in a real Redis: each said once, whatever order, however often, whoever says it."""

import asyncio
import random

import pytest
from redis.asyncio import Redis

from routing.feedback_store import MILLIONTHS, PREFIX, FeedbackStore, Remembered

NOW = 4_000_000_000.0  # seconds since 1970: Redis expires by its own clock, and this is later
NAMES = [f"name{number}" for number in range(5)]
TENANTS = ["acme", "umbrella", "", "odd}:{*\n"]


@pytest.fixture
async def store(redis):
    made = FeedbackStore(redis)
    for tenant in TENANTS:
        asked = [Remembered(tenant, name, f"{tenant} asked {name}") for name in NAMES]
        await made.remember(asked, NOW, 3600, 100)
    return made


def amounts(wins, losses=0, expert="ada"):
    return {(expert, 'a "skill"', "wins"): wins, (expert, 'a "skill"', "losses"): losses}


async def totals(store, tenant="acme"):
    (counts,) = (await store.counts([tenant])).values()
    return {
        name: (round(won * MILLIONTHS), round(lost * MILLIONTHS))
        for name, won, lost in zip(
            counts.experts, counts.wins.sum(axis=1), counts.losses.sum(axis=1), strict=True
        )
    }


async def test_a_request_is_remembered_for_its_tenant_alone(store):
    assert await store.recall("acme", "name0") == "acme asked name0"
    assert await store.recall("odd}:{*\n", "name0") == "odd}:{*\n asked name0"
    assert await store.recall("acme", "name9") is None
    assert not await store.give("acme", "name9", amounts(1))
    assert await totals(store) == {}


async def test_what_is_said_again_replaces_what_was_said_before(store):
    for wins in (250_000, 100_000, 100_000):
        assert await store.give("acme", "name0", amounts(wins, 250_000 - wins))
    assert await totals(store) == {"ada": (100_000, 150_000)}
    await store.give("acme", "name0", amounts(1, expert="ben"))
    assert await totals(store) == {"ben": (1, 0)}
    await store.give("acme", "name0", {})
    assert await totals(store) == {}
    assert await totals(store, "umbrella") == {}


@pytest.mark.parametrize("seed", range(5))
async def test_sums_are_of_the_last_words_whatever_the_order_and_whoever_says_them(
    store, url, seed
):
    dice = random.Random(seed)
    words = [
        (dice.choice(TENANTS), dice.choice(NAMES), dice.choice(["ada", "ben"]), dice.randrange(9))
        for _ in range(60)
    ]
    last = {(tenant, name): (expert, wins) for tenant, name, expert, wins in words}
    async with Redis.from_url(url, decode_responses=True) as client:
        workers = [store, FeedbackStore(client)]
        for tenant, name, expert, wins in words:
            await dice.choice(workers).give(tenant, name, amounts(wins, 9, expert))
        for tenant in TENANTS:
            said = [each for (whose, _), each in last.items() if whose == tenant]
            expected = {
                expert: (
                    sum(w for e, w in said if e == expert),
                    9 * sum(e == expert for e, _ in said),
                )
                for expert in {expert for expert, _ in said}
            }
            assert await totals(workers[1], tenant) == expected


async def test_the_same_said_by_many_at_once_counts_once(store):
    await asyncio.gather(*(store.give("acme", "name0", amounts(250_000)) for _ in range(20)))
    assert await totals(store) == {"ada": (250_000, 0)}


async def test_one_looks_only_at_who_changed(store):
    assert (await store.version(), await store.changed(0)) == (0, [])
    await store.give("acme", "name0", amounts(1))
    await store.give("", "name0", amounts(1))
    seen = await store.version()
    await store.give("acme", "name1", amounts(1))
    assert await store.changed(0) == ["", "acme"]
    assert await store.changed(seen) == ["acme"]
    assert await store.changed(await store.version()) == []


async def test_of_each_tenant_a_bounded_number_is_remembered_the_newest(store, redis):
    for number in range(8):
        await store.remember([Remembered("acme", f"new{number}", "x")], NOW + 1 + number, 3600, 3)
    kept = [await store.recall("acme", f"new{number}") for number in range(8)]
    assert kept == [None] * 5 + ["x"] * 3
    assert await store.recall("acme", "name0") is None
    assert await store.recall("umbrella", "name0") is not None
    assert len([key async for key in redis.scan_iter(f"{PREFIX}{{acme}}:asked:*")]) == 3


async def test_what_is_over_cannot_be_judged_but_counts_on(redis):
    store = FeedbackStore(redis)
    await store.remember([Remembered("acme", "name0", "x")], await now(redis), 0.3, 10)
    assert await store.give("acme", "name0", amounts(5))
    async with asyncio.timeout(5):
        while await store.recall("acme", "name0"):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)
    assert not await store.give("acme", "name0", amounts(7))
    assert await totals(store) == {"ada": (5, 0)}
    assert [key async for key in redis.scan_iter(f"{PREFIX}*given*")] == []


async def now(redis):
    seconds, micros = await redis.time()
    return seconds + micros / 1e6
