"""Turns at batches on a real Redis: taken over, cut short, gone on with, and Redis killed."""

import asyncio
import json
import os
import signal
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from api.batches import names
from api.batches.batch import WINDOW, Status, Wish, cancelled, made, resumed
from api.batches.desk import Desk
from api.batches.lease import Lease, LeaseLost
from api.batches.purse import Accounts
from api.batches.run import Run
from api.batches.store import Batches
from api.batches.worker import Worker
from api.files.store import Files
from api.keys import names as key_names
from api.keys.estimates import Estimator
from api.keys.ledger import Ledger
from api.keys.limits import Period, Unit, window
from api.keys.records import Records
from api.running import Running
from experts.cards import ScriptedCard
from experts.scripted import Hang, ScriptedExpert
from orchestrator.policies import POLICIES
from routing.redis_server import private_redis
from routing.stopping import stop
from tests.batches import ENDPOINT, jsonl, line
from tests.keys import Clock, limits
from tests.keys import made as key_made
from tests.routes import service_of

ESTIMATOR = Estimator({"ada": ScriptedCard(kind="scripted", max_tokens=10)}, POLICIES)


async def healthy():
    return []


class World:
    """A desk on a Redis, and how batches get there."""

    def __init__(self, redis, clock=None, accounts=None):
        self.redis = redis
        self.clock = clock or Clock()
        self.desk = Desk(Files(redis, clock=self.clock), Batches(redis, self.clock), accounts)

    async def batch(self, *items, key="", raw=None):
        async with self.desk.files.draft() as draft:
            await draft.write(jsonl(*items) if raw is None else raw)
            file = self.desk.files.named(draft.content, draft.bytes, "acme", "in", "batch")
            await self.desk.files.keep(draft, file)
        found = made(Wish(file.id, ENDPOINT), "acme", key, self.clock())
        await self.desk.batches.add(found)
        return found

    async def turn(self, found, *experts):
        """One worker's turn, to its end."""
        lease = Lease(self.redis, found.id)
        assert await lease.take()
        run = Run(self.desk, service(*experts), lease, beat=0.01, drain=0.05)
        try:
            return await run.run(found.id)
        finally:
            await lease.release()

    async def look(self, found):
        return await self.desk.batches.catalogue.look(found.id)

    async def told(self, id):
        if id is None:
            return {}
        file = await self.desk.files.catalogue.find(id, "acme")
        whole = b"".join([block async for block in self.desk.files.content(file)])
        assert len(whole) == file.bytes
        found = [json.loads(raw) for raw in whole.splitlines()]
        told = {each["custom_id"]: each for each in found}
        assert len(told) == len(found)
        return told


def service(*experts):
    experts = experts or (ScriptedExpert("ada", default="Yes."),)
    return service_of({expert.name: expert for expert in experts})


@pytest.fixture
def world(redis):
    return World(redis)


async def test_a_batch_is_validated_answered_and_made_files(world):
    found = await world.batch(*[line(n, "nobody" if n == 3 else "ada") for n in range(9)])
    await world.turn(found)
    ended = await world.look(found)
    assert (ended.status, ended.total) == (Status.COMPLETED, 9)
    output, errors = await world.told(ended.output), await world.told(ended.failures)
    assert errors.keys() == {"q3"}
    assert output.keys() == {f"q{n}" for n in range(9)} - {"q3"}
    assert await world.desk.batches.due() == []


async def test_a_file_that_is_not_valid_asks_nobody(world):
    expert = ScriptedExpert("ada", default="Yes.")
    found = await world.batch(raw=jsonl(line(1)) + b"what?\n" + jsonl(line(1)))
    await world.turn(found, expert)
    ended = await world.look(found)
    assert ended.status is Status.FAILED
    assert [(p.code, p.line) for p in ended.problems] == [
        ("invalid_json_line", 2),
        ("duplicate_custom_id", 3),
    ]
    assert (expert.asked, ended.output, ended.failures) == ([], None, None)


async def done(world, found, count):
    async with asyncio.timeout(20):
        while (await world.desk.batches.done(found.id)).count < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


SIX = [line(n, "ada" if n < 3 else "bob") for n in range(1, 7)]


def two(bobs):
    """Experts of which one says this."""
    return ScriptedExpert("ada", default="Yes."), ScriptedExpert("bob", default=bobs, seconds=600)


@asynccontextmanager
async def halfway(world, found):
    """A turn that has answered two of the six lines, and waits for ever for the rest."""
    turn = asyncio.create_task(world.turn(found, *two(Hang.FOREVER)))
    try:
        await done(world, found, 2)
        yield turn
    finally:
        await stop(turn)


async def test_who_follows_a_worker_that_died_asks_only_what_has_no_result(world):
    found = await world.batch(*SIX)
    async with halfway(world, found):
        pass
    ada, bob = two("No.")
    await world.turn(found, ada, bob)
    ended = await world.look(found)
    output = await world.told(ended.output)
    assert (len(ada.asked), len(bob.asked)) == (0, 4)
    texts = {
        id: o["response"]["body"]["choices"][0]["message"]["content"] for id, o in output.items()
    }
    assert texts == {f"q{n}": "Yes." if n < 3 else "No." for n in range(1, 7)}


async def test_a_worker_that_lost_its_lease_stops_and_leaves_no_trace(world):
    found = await world.batch(*SIX)
    async with halfway(world, found) as turn:
        await world.redis.set(names.lease(found.id), "another")
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(turn, 20)
    assert (await world.look(found)).status is Status.IN_PROGRESS
    assert await world.redis.get(names.lease(found.id)) == b"another"


async def test_a_batch_that_is_cancelled_keeps_what_it_has_and_goes_on_with_the_rest(world):
    found = await world.batch(*SIX)
    async with halfway(world, found) as turn:
        await world.desk.batches.change(found.id, lambda b: cancelled(b, world.clock()))
        await asyncio.wait_for(turn, 20)
    ended = await world.look(found)
    assert ended.status is Status.CANCELLED
    assert (await world.told(ended.output)).keys() == {"q1", "q2"}
    errors = await world.told(ended.failures)
    assert {told["error"]["code"] for told in errors.values()} == {"batch_cancelled"}
    assert errors.keys() == {"q3", "q4", "q5", "q6"}

    left = await world.desk.batches.reopen(found.id)
    await world.desk.batches.change(found.id, lambda b: resumed(b, "", left, world.clock()))
    ada, bob = two("Yes.")
    await world.turn(found, ada, bob)
    ended = await world.look(found)
    assert (ended.status, len(ada.asked), len(bob.asked)) == (Status.COMPLETED, 0, 4)
    assert (await world.told(ended.output)).keys() == {f"q{n}" for n in range(1, 7)}
    assert ended.failures is None


async def test_a_batch_whose_window_is_over_says_so_of_each_line_that_was_not_asked(world):
    found = await world.batch(*map(line, range(1, 4)))
    world.clock.now += WINDOW
    await world.turn(found)
    ended = await world.look(found)
    assert ended.status is Status.EXPIRED
    errors = await world.told(ended.failures)
    assert [told["error"]["code"] for told in errors.values()] == ["batch_expired"] * 3


async def test_an_input_that_was_deleted_ends_the_batch_and_says_so(world):
    found = await world.batch(line(1))
    file = await world.desk.files.catalogue.find(found.input, "acme")
    await world.desk.files.delete(file)
    await world.turn(found)
    ended = await world.look(found)
    assert (ended.status, ended.problems[0].code) == (Status.FAILED, "input_file_gone")


async def keyed(redis, clock, **bound):
    key, _ = key_made(limits=limits(**bound))
    records = Records(redis)
    await records.add(key)
    return key, records, Accounts(records, Ledger(redis, key_names.lines), ESTIMATOR, clock)


async def test_lines_that_limits_leave_no_room_for_wait_for_the_next_window(redis):
    clock = Clock()
    key, _, accounts = await keyed(redis, clock, requests=["2/hour"])
    world = World(redis, clock, accounts)
    found = await world.batch(*map(line, range(5)), key=key.id)
    turns = 0
    while (await world.look(found)).status.open:
        due = await world.turn(found)
        turns += 1
        counts = await world.desk.batches.counts(found.id)
        assert counts.done <= 2 * turns
        clock.now = due
    assert turns == 3
    assert len(await world.told((await world.look(found)).output)) == 5


async def test_a_budget_is_not_passed_and_what_was_taken_is_counted(redis):
    clock = Clock()
    key, _, accounts = await keyed(redis, clock, tokens=["1000/day"], requests=["9/day"])
    world = World(redis, clock, accounts)
    found = await world.batch(*map(line, range(5)), key=key.id)
    await world.turn(found)
    ended = await world.look(found)
    counts = await world.desk.batches.counts(found.id)
    today = window(Period.DAY, clock.now).name
    tokens = await redis.get(key_names.used(key.id, Unit.TOKENS, Period.DAY, today))
    assert ended.status is Status.COMPLETED
    assert int(tokens) == counts.prompt_tokens + counts.completion_tokens
    assert await redis.zcard(key_names.flight(key.id)) == 0


async def test_a_batch_whose_key_is_revoked_stops_and_goes_on_with_another(redis):
    clock = Clock()
    key, records, accounts = await keyed(redis, clock)
    world = World(redis, clock, accounts)
    found = await world.batch(*SIX, key=key.id)
    async with halfway(world, found) as turn:
        await records.change(key.id, lambda k: key_made(revoked=clock())[0])
        await asyncio.wait_for(turn, 20)
    ended = await world.look(found)
    assert (ended.status, ended.problems[0].code) == (Status.FAILED, "invalid_api_key")
    other, _ = key_made("other")
    await records.add(other)
    left = await world.desk.batches.reopen(found.id)
    await world.desk.batches.change(found.id, lambda b: resumed(b, other.id, left, clock()))
    await world.turn(found, *two("Yes."))
    assert (await world.look(found)).status is Status.COMPLETED


async def test_a_worker_that_closes_hands_the_batch_on(world):
    found = await world.batch(*SIX)
    ada, bob = two(Hang.FOREVER)
    worker = Worker(world.desk, Running(service(ada, bob), healthy))
    working = asyncio.create_task(worker.work())
    await done(world, found, 2)
    await stop(working)
    await worker.close(grace=0.05)
    assert bob.running == 0
    assert await world.redis.exists(names.lease(found.id)) == 0
    await world.turn(found, *two("Yes."))
    assert (await world.look(found)).status is Status.COMPLETED


async def test_a_redis_that_is_killed_and_comes_back_loses_no_result(tmp_path):
    async with private_redis(tmp_path) as url, Redis.from_url(url) as redis:
        world = World(redis)
        found = await world.batch(*map(line, range(400)))
        expert = ScriptedExpert("ada", default="Yes.", delay=0.3)
        turn = asyncio.create_task(world.turn(found, expert))
        await done(world, found, 1)
        os.kill((await redis.info("server"))["process_id"], signal.SIGKILL)
        await asyncio.sleep(0.2)
        async with private_redis(tmp_path):
            await asyncio.wait_for(turn, 60)
            ended = await world.look(found)
            assert ended.status is Status.COMPLETED
            assert len(await world.told(ended.output)) == 400
