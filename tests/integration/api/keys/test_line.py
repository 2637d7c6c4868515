import asyncio

import pytest
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

from api.keys.line import Line
from tests.waiting import until


async def test_of_many_that_ask_at_once_each_has_its_own_answer(redis):
    line = Line(redis)
    await asyncio.gather(*(line.ask("SET", f"key{n}", n) for n in range(500)))
    answers = await asyncio.gather(*(line.ask("GET", f"key{n}") for n in range(500)))
    assert answers == [str(n).encode() for n in range(500)]
    clients = [client["cmd"] for client in await redis.client_list()]
    assert clients.count("get") == 1


async def test_an_error_is_told_to_whoever_asked_for_it_alone(redis):
    line = Line(redis)
    wrong, right = await asyncio.gather(
        line.ask("INCR"), line.ask("INCR", "count"), return_exceptions=True
    )
    assert isinstance(wrong, ResponseError)
    assert right == 1


async def test_whoever_gives_up_takes_nobody_elses_answer(redis):
    line = Line(redis)
    await line.ask("PING")
    gone = asyncio.create_task(line.ask("SET", "a", "x"))
    await asyncio.sleep(0)
    there = asyncio.create_task(line.ask("GET", "a"))
    gone.cancel()
    assert await there == b"x"


async def test_a_lost_connection_is_told_to_who_waits_and_replaced_for_who_comes(redis):
    line = Line(redis)
    await line.ask("PING")
    waiting = asyncio.create_task(line.ask("BLPOP", "nothing", 0))
    await asyncio.sleep(0.01)
    await redis.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(Disconnected):
        await waiting
    assert await line.ask("PING") == b"PONG"


async def test_what_was_read_is_told_of_when_it_changes_and_when_nobody_could_know(redis):
    changes = []
    line = Line(redis, lambda: changes.append("changed"))
    await line.ask("GET", "a")
    assert line.told
    await redis.set("b", 1)
    await redis.set("a", 1)
    await until(lambda: changes)
    assert len(changes) == 1
    await redis.client_kill_filter(_type="normal", skipme=True)
    await until(lambda: len(changes) > 1)
    assert not line.told
