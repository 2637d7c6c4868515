"""What becomes of requests when a backend fails or hangs, a client leaves, or the service stops."""

import asyncio
import signal
from contextlib import asynccontextmanager

import httpx
import openai
import pytest

from experts.cards import Cluster, HostedCard
from experts.hosted.expert import opened
from orchestrator.panel import Panel
from orchestrator.service import Service
from routing.evidence import Evidence
from routing.router import Router
from tests.acceptance import commands
from tests.acceptance.served import served
from tests.openai_server import echoes, event, hangs, refuses, serving, streams
from tests.routes import NoSkills
from tests.waiting import until

QUESTION = [{"role": "user", "content": "Why?"}]
streaming = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.fixture
async def backend():
    async with serving() as server:
        yield server


@pytest.fixture
async def other():
    async with serving() as server:
        yield server


def card(server, **values):
    return HostedCard(kind="hosted", model="m", base_url=server.url, **values)


@asynccontextmanager
async def asked_over_http(**cards):
    """A service over real connections, both ways."""
    async with opened(cards, Cluster()) as experts:
        router = Router(tuple(experts), NoSkills(), Evidence.none(tuple(experts)))
        fallbacks = {name: card.fallback for name, card in cards.items()}
        async with served(Service(Panel(experts, fallbacks=fallbacks), router)) as here:
            yield here


async def ask(here, stream=False, model="ada", **more):
    """(text, the story)."""
    made = await here.client.chat.completions.create(
        model=model, messages=QUESTION, stream=stream, **more
    )
    if not stream:
        return made.choices[0].message.content, made.model_extra["convene"]
    chunks = [chunk async for chunk in made]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    return text, chunks[-1].model_extra["convene"]


@streaming
async def test_a_stand_in_answers_for_one_that_fails_and_later_without_waiting_for_it(
    backend, other, stream
):
    backend.default = refuses(500, "down")
    async with asked_over_http(ada=card(backend, fallback=["ben"]), ben=card(other)) as here:
        for _ in range(5):
            text, story = await ask(here, stream)
            assert text == "You asked: Why?"
            assert story["author"] == "ben"
        made = len(backend.calls)
        assert (made, story["panel"]) == (5, ["ben"])  # its circuit is open
        assert "ada has failed lately" in story["notes"][-1]


@streaming
async def test_the_story_tells_who_was_tried_and_who_answered(backend, other, stream):
    backend.default = refuses(503, "down", Retry_After="120")
    async with asked_over_http(ada=card(backend, fallback=["ben"]), ben=card(other)) as here:
        _, story = await ask(here, stream)
    assert story["replaced"] == [{"expert": "ada", "by": "ben"}]
    assert [reply["expert"] for reply in story["replies"]] == ["ada", "ben"]
    assert story["calls"] == 2


@streaming
async def test_nobody_takes_over_once_text_was_told(backend, other, stream):
    backend.default = streams(event(delta={"content": "half"}), then="cut")
    async with asked_over_http(ada=card(backend, fallback=["ben"]), ben=card(other)) as here:
        if stream:
            with pytest.raises(openai.APIError):
                await ask(here, stream)
            assert other.calls == []
        else:
            assert (await ask(here))[0] == "You asked: Why?"


async def test_whom_a_request_denies_does_not_stand_in(backend, other):
    backend.default = refuses(503, "down", Retry_After="120")
    async with asked_over_http(ada=card(backend, fallback=["ben"]), ben=card(other)) as here:
        with pytest.raises(openai.InternalServerError):
            await ask(here, extra_body={"convene": {"deny": ["ben"]}})
    assert other.calls == []


async def test_an_expert_that_is_left_alone_is_a_503_that_says_when_to_come_back(backend, other):
    backend.default = refuses(429, "slow down", Retry_After="90")
    async with asked_over_http(ada=card(backend), ben=card(other)) as here:
        for _ in range(2):
            with pytest.raises(openai.InternalServerError) as failed:
                await ask(here)
            assert failed.value.status_code == 503
            assert 80 < int(failed.value.response.headers["retry-after"]) <= 90
        assert len(backend.calls) == 1
        text, story = await ask(here, model="single")
    assert (text, story["author"]) == ("You asked: Why?", "ben")


@streaming
async def test_a_backend_that_hangs_leaves_the_others_responsive(backend, other, stream):
    backend.default = hangs()
    async with asked_over_http(ada=card(backend, concurrency=4), ben=card(other)) as here:
        hanging = [asyncio.create_task(ask(here, stream)) for _ in range(20)]
        await until(lambda: backend.running == 4)
        async with asyncio.timeout(20):
            for text, _ in await asyncio.gather(*(ask(here, stream, "ben") for _ in range(20))):
                assert text == "You asked: Why?"
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await until(lambda: backend.running == 0)


@pytest.mark.parametrize(
    "options", [{}, {"stream": True}, {"n": 3}], ids=["plain", "stream", "samples"]
)
async def test_a_client_that_hangs_up_ends_its_calls_and_whoever_is_in_line_goes(backend, options):
    backend.default = hangs()
    async with asked_over_http(ada=card(backend, concurrency=3)) as here:
        create = here.client.chat.completions.create
        first, in_line = (
            [
                asyncio.create_task(create(model="ada", messages=QUESTION, **options))
                for _ in range(count)
            ]
            for count in (3, 2)
        )
        await until(lambda: backend.running == 3)
        asked = len(backend.calls)
        for task in (*in_line, *first):  # who waits leaves first, and was never asked about
            task.cancel()
        await asyncio.gather(*first, *in_line, return_exceptions=True)
        await until(lambda: backend.running == 0)
        backend.default = echoes()
        assert (await ask(here))[0] == "You asked: Why?"
    assert len(backend.calls) - asked <= 1 + len(first)  # some had a slot when it became free


async def test_a_stop_in_the_middle_of_a_stream_lets_it_end(backend, tmp_path):
    going_on = asyncio.Event()

    async def slowly(call):
        response = await streams(event(delta={"content": "one "}))(call)
        await going_on.wait()
        for payload in (event(delta={"content": "two"}), event(delta={}, finish="stop")):
            await response.write(f"data: {httpx.Response(200, json=payload).text}\n\n".encode())
        return response

    backend.default = slowly
    file = tmp_path / "convene.yaml"
    file.write_text(
        f"experts:\n  ada: {{kind: hosted, model: m, base_url: '{backend.url}'}}\n"
        f"service: {{data: {tmp_path / 'data'}}}\n"
    )
    body = {"model": "ada", "messages": QUESTION, "stream": True}
    async with (
        commands.process("--config", file) as (running, address),
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        text = ""
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            async for line in response.aiter_lines():
                text += line
                if "one" in line:
                    running.send_signal(signal.SIGTERM)
                    going_on.set()
        assert "two" in text
        assert text.endswith("data: [DONE]")
    assert running.returncode == 0
