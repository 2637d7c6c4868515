"""What every kind of expert does alike. A new kind adds one entry to KINDS."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from experts.base import Expert
from experts.cards import Cluster, HostedCard, RecordedCard, VllmCard
from experts.engines.expert import VllmExpert
from experts.engines.generation import Piece, Refusal
from experts.engines.pool import EnginePool
from experts.errors import ExpertError
from experts.hosted.expert import opened as hosted_opened
from experts.recorded import opened as recorded_opened
from experts.scripted import Hang, ScriptedExpert
from experts.types import Answer, Cause, Failure, Prompt
from tests.engines import FakeEngine, Yard, family, fleet_with, station
from tests.openai_server import hangs, refuses, says, serving
from tests.streams import gathered
from tests.waiting import until

TEXT = "Ångström said: «two words»,\n\nthen 三 more  lines.\n"
GOOD, BAD, SLOW = "Say the text.", "Fail.", "Never end."


@dataclass
class Case:
    """An expert that knows TEXT for GOOD, fails for BAD and hangs for SLOW."""

    expert: Expert
    running: object = None  # () -> calls in progress; none: it never takes any time


@asynccontextmanager
async def scripted(tmp_path):
    expert = ScriptedExpert("ada", {GOOD: TEXT, BAD: Cause.REJECTED, SLOW: Hang.FOREVER})
    yield Case(expert, lambda: expert.running)


@asynccontextmanager
async def recorded(tmp_path):
    def card():
        file = tmp_path / "recorded.jsonl"
        file.write_text(json.dumps({"question": GOOD, "replies": {"ada": {"text": TEXT}}}))
        return RecordedCard(kind="recorded", file=file)

    async with recorded_opened({"ada": await asyncio.to_thread(card)}, Cluster()) as experts:
        yield Case(experts["ada"])


@asynccontextmanager
async def hosted(tmp_path):
    async def behave(call):
        known = {GOOD: says(TEXT), BAD: refuses(400, "no such thing"), SLOW: hangs()}
        return await known[call.question](call)

    async with serving() as server:
        server.default = behave
        card = HostedCard(kind="hosted", model="m", base_url=server.url)
        async with hosted_opened({"ada": card}, Cluster()) as experts:
            yield Case(experts["ada"], lambda: server.running)


class ToyEngine(FakeEngine):
    """Stands at the edge to the engine's process: what `RemoteEngine` is to a fleet."""

    async def ask(self, requests, deadline):
        with self._sending(requests[0].base, len(requests)):
            if any(request.messages[-1].content == SLOW for request in requests):
                await asyncio.Event().wait()
            return [OUTCOMES[request.messages[-1].content] for request in requests]

    async def stream(self, request, deadline):
        with self._sending(request.base, 1):
            if request.messages[-1].content == SLOW:
                await asyncio.Event().wait()
            outcome = OUTCOMES[request.messages[-1].content]
            if isinstance(outcome, Piece):
                for line in TEXT.splitlines(keepends=True):
                    yield Piece(line)
            yield outcome if isinstance(outcome, Refusal) else replace(outcome, text="")


OUTCOMES = {GOOD: Piece(TEXT, 3, 9, "stop"), BAD: Refusal(Cause.REJECTED, "no such thing")}


@asynccontextmanager
async def vllm(tmp_path):
    yard = Yard(kind=ToyEngine, start=0.0)
    card = VllmCard(kind="vllm", model="someone/model")
    async with fleet_with(yard, station(family("f", card.model))) as (fleet, batches):
        expert = VllmExpert("ada", card, EnginePool(fleet, batches, "f"))
        yield Case(expert, yard.alive("f").sent.total)


KINDS = {kind.__name__: kind for kind in (scripted, recorded, hosted, vllm)}


@pytest.fixture(params=KINDS)
async def case(request, tmp_path):
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(KINDS[request.param](tmp_path))


async def test_each_prompt_has_its_reply_in_its_place(case):
    good, bad, again = await case.expert.ask([Prompt.of(GOOD), Prompt.of(BAD), Prompt.of(GOOD)])
    assert isinstance(good, Answer)
    assert (good.expert, good.text, good.finish) == ("ada", TEXT, "stop")
    assert good.seconds >= 0
    assert isinstance(bad, Failure)
    assert (bad.expert, bad.cause) == ("ada", Cause.REJECTED)
    assert bad.message
    assert again.text == TEXT


async def test_no_prompts_have_no_replies(case):
    assert await case.expert.ask([]) == []


async def test_a_streams_chunks_join_to_the_answer_and_the_last_says_how_it_ended(case):
    [answer] = await case.expert.ask([Prompt.of(GOOD)])
    chunks = await gathered(case.expert.stream(Prompt.of(GOOD)))
    assert "".join(chunk.text for chunk in chunks) == answer.text
    assert len(chunks) > 3
    assert all(chunk.finish is None and chunk.usage is None for chunk in chunks[:-1])
    assert (chunks[-1].finish, chunks[-1].usage) == (answer.finish, answer.usage)


async def test_a_stream_raises_what_ask_returns_as_a_failure(case):
    [failure] = await case.expert.ask([Prompt.of(BAD)])
    with pytest.raises(ExpertError) as raised:
        await anext(case.expert.stream(Prompt.of(BAD)))
    assert raised.value.cause is failure.cause
    assert str(raised.value) == failure.message


async def test_cancelling_ask_frees_what_it_used(case):
    if case.running is None:
        pytest.skip("it replies at once: there is nothing to cancel")
    asking = asyncio.create_task(case.expert.ask([Prompt.of(SLOW), Prompt.of(SLOW)]))
    await until(lambda: case.running() == 2)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: case.running() == 0)


async def test_closing_a_stream_early_frees_what_it_used(case):
    stream = case.expert.stream(Prompt.of(GOOD))
    await anext(stream)
    await stream.aclose()
    if case.running is not None:
        await until(lambda: case.running() == 0)
    [answer] = await case.expert.ask([Prompt.of(GOOD)])
    assert answer.text == TEXT


async def test_cancelling_a_stream_that_waits_frees_what_it_used(case):
    if case.running is None:
        pytest.skip("it replies at once: there is nothing to cancel")

    async def read():
        return await gathered(case.expert.stream(Prompt.of(SLOW)))

    reading = asyncio.create_task(read())
    await until(lambda: case.running() == 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await until(lambda: case.running() == 0)


async def test_many_ask_at_once_and_each_has_its_own_replies(case):
    groups = [[Prompt.of(GOOD)] * (i % 3) + [Prompt.of(BAD)] for i in range(20)]
    replies = await asyncio.gather(*(case.expert.ask(group) for group in groups))
    for group, its in zip(groups, replies, strict=True):
        assert [isinstance(reply, Answer) for reply in its] == [
            prompt.text == GOOD for prompt in group
        ]
