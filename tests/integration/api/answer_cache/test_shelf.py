"""Kept answers in a real Redis: for their tenant, for a while, within bounds."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from api.answer_cache.naming import Naming
from api.answer_cache.remembering import Remembering
from api.answer_cache.shelf import LARGEST, Bounds, Shelf, secret_of
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.metered import Metered
from api.keys.visitor import Keys, Visitor
from experts.cards import ScriptedCard
from experts.types import Prompt, Sampling
from orchestrator.policies import POLICIES
from orchestrator.types import Control, Request
from tests.keys import NOW, Clock, Shared, limits, made
from tests.unit.api.scripted import ScriptedService, verdict

ASKED = Request(Prompt.of("What is 6 x 7?"), tenant="acme")
NAMING = Naming(b"secret", "world")


def asking(number, **more):
    return replace(ASKED, prompt=Prompt.of(f"What is {number} x 7?"), **more)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shelf(redis, clock):
    return Shelf(redis, NAMING, Bounds(seconds=60, most=3), clock)


async def test_what_is_kept_is_found_by_its_tenant_and_by_nobody_else(shelf, clock):
    await shelf.keep(ASKED, verdict())
    clock.now += 5
    found = await shelf.find(ASKED)
    assert (found.text, found.age, found.calls) == (verdict().text, 5.0, 0)
    for other in ("", "globex", "acme "):
        assert await shelf.find(replace(ASKED, tenant=other)) is None


async def test_another_request_finds_nothing(shelf):
    await shelf.keep(ASKED, verdict())
    for other in (
        asking(8),
        replace(ASKED, model="vote"),
        replace(ASKED, options=("42", "43")),
        replace(ASKED, control=Control(size=2)),
        replace(ASKED, prompt=replace(ASKED.prompt, sampling=Sampling(max_tokens=5))),
        replace(ASKED, control=Control(fresh=True)),
    ):
        assert await shelf.find(other) is None


async def test_what_must_be_fresh_is_not_kept_either(shelf, redis):
    await shelf.keep(replace(ASKED, control=Control(fresh=True)), verdict())
    hot = replace(ASKED.prompt, sampling=Sampling(temperature=0.7))
    await shelf.keep(replace(ASKED, prompt=hot), verdict())
    assert await redis.keys() == []


async def test_a_tenant_has_so_many_and_pushes_out_nobody_elses(shelf, clock):
    theirs = replace(ASKED, tenant="globex")
    await shelf.keep(theirs, verdict())
    for number in range(5):
        clock.now += 1
        await shelf.keep(asking(number), verdict())
    assert [await shelf.find(asking(n)) is not None for n in range(5)] == [False] * 2 + [True] * 3
    assert await shelf.find(theirs) is not None


async def test_all_of_it_is_gone_after_its_time(redis):
    shelf = Shelf(redis, NAMING, Bounds(seconds=0.05, most=3))
    await shelf.keep(ASKED, verdict())
    async with asyncio.timeout(5):
        while await redis.keys():  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
    assert await shelf.find(ASKED) is None


async def test_what_is_too_large_or_broken_is_not_there(shelf, redis):
    await shelf.keep(ASKED, verdict("x" * LARGEST))
    assert await redis.keys() == []
    await redis.set(NAMING.answer(ASKED), b'{"at": "?"}')
    assert await shelf.find(ASKED) is None


async def test_another_process_finds_it_by_the_same_secret(url, redis):
    secrets = await asyncio.gather(*(secret_of(redis) for _ in range(5)))
    assert len(set(secrets)) == 1
    naming = Naming(secrets[0], "world")
    await Shelf(redis, naming, Bounds(60, 3)).keep(ASKED, verdict())
    async with Redis.from_url(url) as other:
        again = Naming(await secret_of(other), "world")
        assert await Shelf(other, again, Bounds(60, 3)).find(ASKED) is not None
        assert await Shelf(other, replace(again, world="new"), Bounds(60, 3)).find(ASKED) is None


async def test_a_kept_answer_costs_its_tenant_a_request_and_another_tenant_all_of_it(shelf):
    scripted, shared, used = ScriptedService(), Shared(), []
    tagger = ScriptedCard(kind="scripted")
    estimator = Estimator({"ada": tagger, "bob": tagger}, POLICIES, None, tagger)
    service = Remembering(scripted, shelf)
    for tenant in ("acme", "acme", "globex"):
        key, _ = made(tenant=tenant, limits=limits(requests=["9/day"], tokens=["900000/day"]))
        keeper = Keeper(shared, shared, clock=Clock())
        mine = Metered(service, Visitor(key, Keys(keeper, estimator)))
        await mine.answer(replace(ASKED, tenant="forged"))
        await keeper.close()  # all is settled
        used.append([each.used for each in shared.accounts[key.id].standing(NOW).levels])
    assert len(scripted.asked) == 2
    assert [request.tenant for request in scripted.asked] == ["acme", "globex"]
    assert used[1] == [1, 0]
    assert used[0] == used[2] != [1, 0]
