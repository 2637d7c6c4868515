"""Evidence in a real Redis, shared by those who use it."""

import asyncio

import numpy as np
import pytest
from redis.asyncio import Redis

from routing.evidence import Evidence, Outcome
from routing.evidence_store import EvidenceStore

PROFILED = Evidence.of(
    [Outcome("ada", "algebra", 1.0), Outcome("ada", "law", 0.25), Outcome("ben", 'a "b", ü', 0.0)]
)
LEARNED = [Outcome("ada", "law", 1.0), Outcome("cleo", "logic", 0.5), Outcome("ada", "law", 0.0)]


@pytest.fixture
async def store(url):
    async with Redis.from_url(url) as redis:
        yield EvidenceStore(redis)


def assert_same(one, other):
    assert (one.experts, one.skills) == (other.experts, other.skills)
    np.testing.assert_allclose(one.wins, other.wins)
    np.testing.assert_allclose(one.losses, other.losses)


async def test_nothing_is_known_at_first(store):
    assert_same(await store.read("digest"), Evidence.none(()))


async def test_publishing_twice_changes_nothing(store):
    await store.publish("digest", PROFILED)
    await store.publish("digest", PROFILED)
    assert_same(await store.read("digest"), PROFILED)


async def test_a_file_of_nothing_can_be_published(store):
    await store.publish("digest", Evidence.none(["ada"]))
    assert (await store.read("digest")).total == 0


async def test_what_is_read_is_what_was_published_and_what_was_learned(store):
    await store.publish("digest", PROFILED)
    await store.learn(LEARNED)
    assert_same(await store.read("digest"), PROFILED + Evidence.of(LEARNED))


async def test_what_was_learned_outlives_a_new_profiling_file(store):
    await store.publish("old", PROFILED)
    await store.learn(LEARNED)
    assert_same(await store.read("new"), Evidence.of(LEARNED))


async def test_two_clients_learn_together(store, url):
    async with Redis.from_url(url, decode_responses=True) as other:
        one, two = store, EvidenceStore(other)
        await asyncio.gather(*(client.learn(LEARNED) for client in [one, two] * 5))
        expected = Evidence.of(LEARNED * 10)
        assert_same(await one.read("digest"), expected)
        assert_same(await two.read("digest"), expected)


async def test_learned_scores_are_clipped_as_counted_ones_are(store):
    await store.learn([Outcome("ada", "law", 3.0), Outcome("ada", "law", -1.0)])
    assert_same(
        await store.read("digest"),
        Evidence.of([Outcome("ada", "law", 1.0), Outcome("ada", "law", 0.0)]),
    )


async def test_learning_nothing_is_fine(store):
    await store.learn([])
    assert (await store.read("digest")).total == 0
