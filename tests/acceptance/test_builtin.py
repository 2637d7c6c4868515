"""The built-in specialists, for real: one registry, one engine, Redis, embeddings, HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from api.build import opened
from api.demo import demonstrate
from api.running import Running
from api.settings import Settings, load_settings
from experts.builtin.labelled import labelled
from experts.types import Chunk, Prompt
from orchestrator.types import Request, Verdict
from tests.acceptance.served import served
from tests.streams import streamed

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
    # vLLM, Ray and torch warn about themselves
    pytest.mark.filterwarnings("default"),
]
QUESTIONS = [question.question for question in labelled("test", 16, seed=7)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    builtin = load_settings(None)
    data = tmp_path_factory.mktemp("data")
    return builtin.model_copy(update={"service": builtin.service.model_copy(update={"data": data})})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(settings: Settings) -> AsyncIterator[Running]:
    async with opened(settings) as running:
        yield running


async def answer_all(running: Running, requests: list[Request]) -> list[Verdict]:
    verdicts = {place: verdict async for place, verdict in running.service.answer_all(requests)}
    return [verdicts[place] for place in range(len(requests))]


async def test_the_panel_beats_every_specialist(running: Running):
    shown = await demonstrate(running.service, labelled("test", 96, seed=3), lambda *_: None)
    assert len(shown.experts) == 8
    assert shown.best_single <= 0.45
    assert shown.panel >= max(0.88, shown.best_single + 0.4)
    assert shown.panel <= shown.oracle + 0.1  # the aggregator may be right where all are wrong
    assert shown.calls <= 2.5
    assert {"experts", "best_single", "panel", "oracle", "calls", "questions", "seconds"} <= set(
        json.loads(json.dumps(shown.as_json()))
    )


async def test_nine_models_are_served_by_at_most_two_processes(running: Running):
    requests = [Request(Prompt.of(QUESTIONS[0]), expert) for expert in running.service.experts]
    verdicts = await answer_all(running, requests)
    assert {verdict.author for verdict in verdicts} == set(running.service.experts)
    engines = await running.engines()
    assert 1 <= len({engine.pid for engine in engines}) <= 2
    assert sum(engine.swaps for engine in engines) > 0


async def test_batch_stream_and_single_answers_are_the_same(running: Running):
    requests = [Request(Prompt.of(question)) for question in QUESTIONS]
    together = await answer_all(running, requests)
    for request, batched in zip(requests, together, strict=True):
        alone = await running.service.answer(request)
        pieces = [e.text for e in await streamed(running.service, request) if isinstance(e, Chunk)]
        assert alone.text == batched.text == "".join(pieces)
        assert alone.answer == batched.answer
        assert alone.route.panel == batched.route.panel


async def test_greedy_text_is_the_same_alone_and_beside_a_hostile_crowd(running: Running):
    """On CPU, where a batch does not change how an engine rounds."""
    victims = [Request(Prompt.of(question), tenant="acme") for question in QUESTIONS[:4]]
    for victim in victims:
        alone = await running.service.answer(victim)
        others = [
            *(replace(victim, tenant=tenant) for tenant in ("globex", "")),
            *(Request(Prompt.of(f"{victim.prompt.text} {n}"), tenant="globex") for n in range(30)),
            *(Request(Prompt.of(f"{victim.prompt.text} " * n), tenant="") for n in range(2, 12)),
        ]
        asked = [victim, *others]
        told = await asyncio.gather(*map(running.service.answer, asked), return_exceptions=True)
        batched = (await answer_all(running, [*others, victim]))[-1]
        for beside in (told[0], batched):
            assert (beside.text, beside.answer) == (alone.text, alone.answer)
            assert [reply.text for reply in beside.replies] == [r.text for r in alone.replies]
            assert beside.route.candidates == alone.route.candidates


async def test_http_gives_the_verdict_that_the_service_gives(running: Running):
    async with served(running.service) as server:
        for question in QUESTIONS[:4]:
            mine = await running.service.answer(Request(Prompt.of(question)))
            theirs = await server.client.chat.completions.create(
                model="convene/auto", messages=[{"role": "user", "content": question}]
            )
            assert theirs.choices[0].message.content == mine.text
            assert theirs.model_extra["convene"]["answer"] == mine.answer
            assert theirs.usage.total_tokens > 0


async def test_an_expert_named_as_the_model_answers_alone_and_streams(running: Running):
    request = Request(Prompt.of("What is the total of 22 and 58?"), "abacus")
    events = await streamed(running.service, request)
    assert isinstance(events[-1], Verdict)
    assert events[-1].author == "abacus"
    assert "".join(e.text for e in events if isinstance(e, Chunk)) == events[-1].text


async def test_a_second_service_on_the_same_data_shares_its_redis(settings: Settings, running):
    async with opened(settings, dry=True) as second:
        mine = await running.service.route(Request(Prompt.of(QUESTIONS[0])))
        other = await second.service.route(Request(Prompt.of(QUESTIONS[0])))
        assert (other.panel, other.candidates) == (mine.panel, mine.candidates)
