"""A service that remembers: what is asked again is not asked of anybody."""

from dataclasses import replace

import pytest
from redis.exceptions import ConnectionError as RedisAway

from api.answer_cache.naming import Naming
from api.answer_cache.remembering import Remembering
from api.answer_cache.shelf import Bounds, Shelf
from api.telemetry.kept import Recalled
from experts.types import Chunk, Prompt
from orchestrator.types import Request, Verdict
from tests.streams import streamed
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of, verdict

ASKED = Request(Prompt.of("What is 6 x 7?"))


class Box:
    """A shelf that keeps everything in memory."""

    def __init__(self):
        self.kept = {}

    async def find(self, request):
        found = self.kept.get(request)
        return found and replace(found, age=1.0, calls=0)

    async def keep(self, request, verdict):
        self.kept[request] = verdict


class Nowhere:
    """A Redis that cannot be reached."""

    async def get(self, name):
        raise RedisAway("gone")

    def register_script(self, text):
        async def run(keys, arguments):
            raise RedisAway("gone")

        return run


@pytest.fixture
def scripted():
    return ScriptedService()


async def events(service, request=ASKED):
    return await streamed(service, request)


async def test_streamed_or_not_the_second_answer_is_the_first(scripted):
    service = Remembering(scripted, Box())
    first = await events(service)
    again = [await service.answer(ASKED), (await events(service))[-1]]
    assert len(scripted.asked) == 1
    assert isinstance(first[-1], Verdict)
    assert {(each.text, each.calls, each.age) for each in again} == {(first[-1].text, 0, 1.0)}
    assert [type(event) for event in await events(service)] == [Chunk, Verdict]


async def test_observers_hear_of_every_answer_that_is_given_again(scripted):
    heard = []
    service = Remembering(scripted, Box(), heard.append)
    for _ in range(2):
        await service.answer(ASKED)
    await events(service)
    assert heard == [Recalled(), Recalled()]


async def test_what_fails_is_asked_again():
    scripted = ScriptedService((RuntimeError("broken"),))
    box = Box()
    service = Remembering(scripted, box)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            await service.answer(ASKED)
        with pytest.raises(RuntimeError, match="broken"):
            await events(service)
    assert len(scripted.asked) == 4
    assert not box.kept


async def test_samples_are_drawn_anew(scripted):
    service = Remembering(scripted, Box())
    await service.answer(ASKED)
    await service.answer_each([ASKED, ASKED])
    assert len(scripted.asked) == 3


async def test_without_redis_everything_is_answered(scripted):
    shelf = Shelf(Nowhere(), Naming(b"secret", "world"), Bounds(60, 10))
    service = Remembering(scripted, shelf)
    assert (await service.answer(ASKED)).age is None
    assert (await events(service))[-1].age is None
    assert len(scripted.asked) == 2


async def test_a_client_is_told_that_an_answer_was_kept():
    box, stories = Box(), []
    service = Remembering(ScriptedService((verdict(),)), box)
    async with client_of(app_of(service)) as client:
        for _ in range(2):
            response = await client.post("/v1/chat/completions", json=asking())
            stories.append(response.json()["convene"])
    assert "cached" not in stories[0]
    assert (stories[1]["cached"], stories[1]["calls"]) == (True, 0)
    assert stories[1]["age_seconds"] == 1.0
    assert response.headers["x-convene-calls"] == "0"


@pytest.mark.parametrize(("cache", "fresh"), [(True, False), (False, True), (None, False)])
async def test_a_request_may_want_a_fresh_answer(scripted, cache, fresh):
    async with client_of(app_of(scripted)) as client:
        body = asking(convene={"cache": cache})
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
    assert scripted.asked[0].control.fresh == fresh
