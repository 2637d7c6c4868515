import asyncio
from functools import partial

import pytest

from api.feed import feeding
from experts.types import Chunk, Prompt
from orchestrator.types import Request, Working
from tests.unit.api.scripted import ScriptedService, verdict

REQUEST = Request(Prompt.of("why?"))


def playing(*script):
    return partial(ScriptedService(script).answer, REQUEST)


async def read(feed):
    found = []
    while (told := await feed.next(5)) != verdict():
        found += told
    return [*found, told]


async def test_nothing_is_lost_by_looking_ahead():
    script = (Working("asking"), Chunk("It"), verdict())
    async with feeding(playing(*script)) as feed:
        await feed.settle(5, 5)
        assert await read(feed) == list(script)


async def test_an_early_failure_is_raised_by_looking_ahead():
    async with feeding(playing(Working("asking"), 0.01, KeyError("x"))) as feed:
        with pytest.raises(KeyError):
            await feed.settle(5, 5)


async def test_signs_of_work_are_held_back_no_longer_than_the_head_start():
    async with feeding(playing(Working("asking"), 60, verdict())) as feed:
        async with asyncio.timeout(5):
            await feed.settle(0.01, 60)
        assert await feed.next(0) == [Working("asking")]


async def test_silence_is_told_as_none_and_does_not_stop_the_service():
    async with feeding(playing(0.05, Chunk("It"), verdict())) as feed:
        assert await feed.next(0.001) is None
        assert await feed.next(5) == [Chunk("It")]


async def test_leaving_cancels_the_service_even_while_it_waits_for_a_slow_reader():
    service = ScriptedService((*[Chunk("a")] * 1000, verdict()))
    async with feeding(partial(service.answer, REQUEST)) as feed:
        assert await feed.next(5) == [Chunk("a")]
    assert service.cancelled.is_set()
