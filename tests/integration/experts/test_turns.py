"""Three families of which two fit in memory: engines take turns, and what they cost is learned."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from experts.cards import Cluster
from experts.engines.cost_store import CostStore, Name
from experts.engines.expert import engine_statuses, opened
from experts.engines.priors import CPU, Size, costs_before
from experts.errors import RegistryError
from experts.types import Answer, Priority, Prompt
from routing.redis_server import private_redis
from tests import tiny_models
from tests.asking import running, status

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

QUESTIONS = [f"How much is {n} and {n}?" for n in range(6)]
ROOM_FOR = 2  # engines
# Each of them takes 0.25 GiB and a little for its weights.
TIGHT = Cluster(memory_gib=0.6, host_memory_gib=1e-6, max_wait=1.0)


@pytest.fixture(scope="module")
def cards(models, tmp_path_factory):
    """`ada` and `bob` share an engine that reads weights from disk each time. `eve` would share it
    if its tokenizer did not cut text into other tokens."""
    other = tiny_models.tokenizer(tmp_path_factory.mktemp("backwards"), backwards=True)
    slow = {"seconds": 120.0}
    return {
        "ada": models.card(models.a, **slow),
        "bob": models.card(models.b, **slow),
        "eve": models.card(models.a, **slow).model_copy(update={"tokenizer": str(other)}),
        "pin": models.card(models.c, pinned=True, **slow),
    }


@pytest.fixture(scope="module")
def expected(cards):
    return {
        name: tiny_models.greedy(card.model, card.tokenizer, QUESTIONS)
        for name, card in cards.items()
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def redis(tmp_path_factory):
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(private_redis(tmp_path_factory.mktemp("redis")))
        yield await stack.enter_async_context(Redis.from_url(url))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def turns(cards, redis):
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(120):
            experts = await stack.enter_async_context(opened(cards, TIGHT, redis))
        yield experts


async def said(expert, places: Sequence[int], priority: Priority):
    prompts = [replace(Prompt.of(QUESTIONS[place]), priority=priority) for place in places]
    replies = await expert.ask(prompts)
    return [reply.text if isinstance(reply, Answer) else reply for reply in replies]


@asynccontextmanager
async def watched(experts):
    """All statuses seen until the context ends."""
    seen = []

    async def watch():
        while True:
            seen.append(await engine_statuses(experts.values()))
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch())
        yield seen
        task.cancel()


async def test_all_are_answered_rightly_and_no_more_are_awake_than_fit(turns, expected):
    rng = random.Random(1)
    pinned = (await status(turns["pin"])).pid
    asks = [(name, priority) for name in turns for priority in Priority for _ in range(3)]
    rng.shuffle(asks)
    places = [rng.sample(range(len(QUESTIONS)), 3) for _ in asks]
    async with watched(turns) as seen:
        async with asyncio.timeout(110):
            answers = await asyncio.gather(
                *(
                    said(turns[name], which, priority)
                    for (name, priority), which in zip(asks, places, strict=True)
                )
            )
    for (name, _), which, texts in zip(asks, places, answers, strict=True):
        assert texts == [expected[name][place] for place in which]
    awake = [{s.family for s in statuses if s.state == "awake"} for statuses in seen]
    assert max(map(len, awake)) <= ROOM_FOR
    assert len(set().union(*awake)) == 1 + ROOM_FOR
    assert (await status(turns["pin"])).pid == pinned


async def test_a_tokenizer_that_differs_keeps_a_model_out_of_a_family(turns, expected):
    ada, bob, eve = [(await status(turns[name])).family for name in ("ada", "bob", "eve")]
    assert ada == bob != eve
    assert expected["ada"] != expected["eve"]  # and that both are answered is tested above


async def learned(redis, families):
    """What is known of these once something is."""
    nothing = costs_before(Size(1, 1), CPU, {})
    names = {Name("cpu", family): nothing for family in families}
    async with asyncio.timeout(20):
        while True:
            known = {
                name.family: costs for name, costs in (await CostStore(redis).load(names)).items()
            }
            if all(costs.starting.recent and costs.stepping.recent for costs in known.values()):
                return known
            await asyncio.sleep(0.1)


async def test_what_engines_cost_is_learned_and_used_at_the_next_start(turns, cards, redis):
    """Also of the one that was stopped meanwhile."""
    families = {(await status(expert)).family for expert in turns.values()}
    before = await learned(redis, families)
    async with asyncio.timeout(60), opened({"pin": cards["pin"]}, Cluster(), redis) as again:
        pool = again["pin"].pool
        [station] = pool.fleet.of(pool.family)
        known = pool.fleet.costs(station)
    assert known.starting.recent[0] == before[pool.family].starting.recent[0]


@pytest.mark.parametrize(
    ("names", "gib", "why"),
    [
        (["ada"], 0.2, r"0\.25 GiB on CPU of \w+, which has 0\.20 GiB: 0\.05 GiB short"),
        (["ada", "pin"], 0.4, r"0\.25 GiB on .* 0\.40 GiB beside .* \(pinned\): 0\.10 GiB short"),
    ],
    ids=["alone", "beside what is pinned"],
)
async def test_what_never_fits_is_refused_at_once(turns, cards, names, gib, why):
    with pytest.raises(RegistryError, match=why + "; see cluster.memory_gib"):
        async with opened({name: cards[name] for name in names}, Cluster(memory_gib=gib)):
            pass


async def test_engines_that_are_killed_as_they_take_turns_cost_time_and_nothing_else(
    turns, expected
):
    """Everybody waits at once, so that each engine is wanted as soon as the other is awake."""
    rng = random.Random(3)
    asks = [(name, priority) for name in turns for priority in Priority]
    pids = {status.pid for status in await engine_statuses(turns.values())} - {0}
    async with asyncio.timeout(150), asyncio.TaskGroup() as group:
        tasks = {
            (name, priority, n): group.create_task(said(turns[name], range(6), priority))
            for name, priority in rng.sample(asks, len(asks))
            for n in range(20)
        }
        await running(turns["pin"], 1)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    for (name, _, _), task in tasks.items():
        assert task.result() == expected[name]
