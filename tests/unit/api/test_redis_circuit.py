import asyncio
import time

import pytest
from redis.exceptions import ConnectionError as RedisGone

from api.redis_circuit import AT_ONCE, PATIENCE, Away, RedisCircuit
from tests.virtual_time import in_virtual_time


class Redis:
    """Answers, or not; counts who asks and who asks at once."""

    def __init__(self, error=None):
        self.error, self.asked, self.now, self.most = error, 0, 0, 0

    async def answer(self):
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if self.error:
            raise self.error
        return 42


class Hanging:
    """Never answers while it hangs; counts who asks."""

    hangs, asked = True, 0

    async def answer(self):
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(30.0)
        return 42


async def test_an_answer_is_passed_on():
    assert await RedisCircuit("keys").ask(Redis().answer) == 42


@pytest.mark.parametrize("error", [RedisGone("gone"), TimeoutError(), ConnectionResetError()])
async def test_after_a_failure_nobody_asks_for_a_while_and_one_line_is_logged(error, caplog):
    circuit, redis = RedisCircuit("keys"), Redis(error)
    for _ in range(5):
        with pytest.raises(Away):
            await circuit.ask(redis.answer)
    assert redis.asked == 1
    assert len(caplog.records) == 1


async def test_after_the_pause_the_next_one_finds_out():
    circuit, redis = RedisCircuit("keys", pause=0.0), Redis(RedisGone("gone"))
    with pytest.raises(Away):
        await circuit.ask(redis.answer)
    redis.error = None
    assert await circuit.ask(redis.answer) == 42


async def test_an_event_loop_that_was_held_up_does_not_blame_redis():
    async def answer():
        await asyncio.sleep(0.001)  # there long before the patience is over
        return 42

    asking = asyncio.create_task(RedisCircuit("keys", patience=0.05).ask(answer))
    await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251 - as a busy process does
    assert await asking == 42


async def test_a_bug_is_no_outage():
    circuit = RedisCircuit("keys")
    with pytest.raises(ZeroDivisionError):
        await circuit.ask(Redis(ZeroDivisionError()).answer)
    assert await circuit.ask(Redis().answer) == 42


async def test_no_more_ask_at_once_than_a_pool_of_connections_serves():
    circuit, redis = RedisCircuit("keys"), Redis()
    answers = await asyncio.gather(*(circuit.ask(redis.answer) for _ in range(1000)))
    assert answers == [42] * 1000
    assert redis.most == AT_ONCE


@in_virtual_time
async def test_while_it_hangs_one_at_a_time_finds_out_and_the_others_do_not_wait():
    redis, waited = Hanging(), []
    circuit = RedisCircuit("keys")

    async def ask():
        began = asyncio.get_running_loop().time()
        with pytest.raises(Away):
            await circuit.ask(redis.answer)
        waited.append(asyncio.get_running_loop().time() - began)

    for _ in range(300):  # half a minute
        await asyncio.gather(*(ask() for _ in range(5)))
        await asyncio.sleep(0.1)
    assert sum(seconds > 0 for seconds in waited) == redis.asked
    assert max(waited) <= PATIENCE + 1e-6
    assert redis.asked < 5 + 8  # the first five at once, then pauses of 1, 2, 4, 8, 10 s ...


@in_virtual_time
async def test_one_that_asks_when_it_is_back_finds_that_out_for_everybody(caplog):
    caplog.set_level("INFO")
    redis, circuit = Hanging(), RedisCircuit("keys")
    with pytest.raises(Away):
        await circuit.ask(redis.answer)
    redis.hangs = False
    await asyncio.sleep(1.0)
    assert await asyncio.gather(*(circuit.ask(redis.answer) for _ in range(1))) == [42]
    assert await asyncio.gather(*(circuit.ask(redis.answer) for _ in range(9))) == [42] * 9
    assert [record.action for record in caplog.records] == ["redis_away", "redis_back"]


@in_virtual_time
async def test_who_hangs_up_while_finding_out_leaves_it_to_the_next():
    redis, circuit = Hanging(), RedisCircuit("keys")
    with pytest.raises(Away):
        await circuit.ask(redis.answer)
    await asyncio.sleep(1.0)
    probe = asyncio.create_task(circuit.ask(redis.answer))
    await asyncio.sleep(0.1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    redis.hangs = False
    assert await circuit.ask(redis.answer) == 42
