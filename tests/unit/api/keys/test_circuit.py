import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisGone

from api.keys.circuit import AT_ONCE, Away, Circuit


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


async def test_an_answer_is_passed_on():
    assert await Circuit().ask(Redis().answer) == 42


@pytest.mark.parametrize("error", [RedisGone("gone"), TimeoutError(), ConnectionResetError()])
async def test_after_a_failure_nobody_asks_for_a_while_and_one_line_is_logged(error, caplog):
    circuit, redis = Circuit(), Redis(error)
    for _ in range(5):
        with pytest.raises(Away):
            await circuit.ask(redis.answer)
    assert redis.asked == 1
    assert len(caplog.records) == 1


async def test_after_the_pause_the_next_one_finds_out():
    circuit, redis = Circuit(pause=0.0), Redis(RedisGone("gone"))
    with pytest.raises(Away):
        await circuit.ask(redis.answer)
    redis.error = None
    assert await circuit.ask(redis.answer) == 42


async def test_a_bug_is_no_outage():
    circuit = Circuit()
    with pytest.raises(ZeroDivisionError):
        await circuit.ask(Redis(ZeroDivisionError()).answer)
    assert await circuit.ask(Redis().answer) == 42


async def test_no_more_ask_at_once_than_a_pool_of_connections_serves():
    circuit, redis = Circuit(), Redis()
    answers = await asyncio.gather(*(circuit.ask(redis.answer) for _ in range(1000)))
    assert answers == [42] * 1000
    assert redis.most == AT_ONCE
