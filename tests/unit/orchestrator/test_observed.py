"""What the service tells an observer, by each way of asking."""

import asyncio
from dataclasses import replace

import pytest

from experts.scripted import Hang, ScriptedExpert
from experts.types import Cause, Chunk, Prompt
from orchestrator.errors import OrchestratorError, OutOfTime, PanelFailed, Refused, UnknownModel
from orchestrator.policies import POLICIES
from orchestrator.types import Control, Request
from tests.routes import service_of
from tests.streams import streamed
from tests.waiting import until

OPTIONS = ("scattering", "the sea", "paint")


def request(model="vote"):
    return Request(Prompt.of("Why is the sky blue?"), model, OPTIONS)


def service(told, **said):
    said = said or {"ada": "(A)", "ben": "(B)", "cleo": "(A)"}
    panel = {name: ScriptedExpert(name, default=text) for name, text in said.items()}
    zoe = ScriptedExpert("zoe", default="The answer is (B).")
    return service_of(panel, zoe, observer=told.append)


async def asked(service, request, way):
    """The verdict or its error, plainly, as a stream or in a batch."""
    match way:
        case "plain":
            return await service.answer(request)
        case "stream":
            return (await streamed(service, request))[-1]
        case _:
            return [result async for _, result in service.answer_all([request])][-1]


@pytest.mark.parametrize("way", ["plain", "stream", "batch"])
@pytest.mark.parametrize("model", [*POLICIES, "ben"])
async def test_one_event_tells_of_a_verdict_and_every_call_it_took(model, way):
    told = []
    verdict = await asked(service(told), request(model), way)
    (event,) = told
    assert (event.policy, event.mode) == ("pinned" if model == "ben" else model, way)
    assert (event.outcome, event.author) == ("answered", verdict.author)
    assert (event.confidence, event.agreement) == (verdict.confidence, verdict.agreement)
    assert event.usage == verdict.usage
    assert len(event.calls) == verdict.calls
    assert sum(call.role == "aggregator" for call in event.calls) == (
        verdict.aggregator == "synthesize"
    )
    assert (event.first_text is not None) == (way == "stream")
    assert 0 <= event.overhead <= event.seconds


@pytest.mark.parametrize("way", ["plain", "stream", "batch"])
async def test_a_panel_that_fails_is_told_with_each_cause(way):
    told = []
    failing = service(told, ada=Cause.UNAVAILABLE, ben=Cause.REJECTED)
    if way == "batch":
        assert isinstance(await asked(failing, request(), way), OrchestratorError)
    else:
        with pytest.raises(PanelFailed):
            await asked(failing, request(), way)
    (event,) = told
    assert event.outcome == "panel_failed"
    assert {(c.expert, c.outcome) for c in event.calls} == {
        ("ada", "unavailable"),
        ("ben", "rejected"),
    }


async def test_who_leaves_is_told_with_the_calls_that_were_cut_short():
    told = []
    panel = {"ada": ScriptedExpert("ada", default=Hang.FOREVER)}
    asking = asyncio.create_task(service_of(panel, observer=told.append).answer(request("ada")))
    await until(lambda: panel["ada"].running == 1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (event,) = told
    assert (event.outcome, event.calls[0].outcome) == ("cancelled", "cancelled")


async def test_a_stream_that_is_closed_is_told_as_cancelled():
    told = []
    panel = {name: ScriptedExpert(name, default=Hang.FOREVER) for name in ("ada", "ben")}
    reading = asyncio.create_task(streamed(service_of(panel, observer=told.append), request()))
    await until(lambda: all(expert.running for expert in panel.values()))
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert [event.outcome for event in told] == ["cancelled"]
    assert [call.outcome for call in told[0].calls] == ["cancelled", "cancelled"]


async def test_a_name_that_nobody_has_is_no_deliberation():
    told = []
    with pytest.raises(UnknownModel):
        await service(told).answer(request("gpt-9"))
    assert isinstance(await asked(service(told), request("gpt-9"), "batch"), UnknownModel)
    assert told == []


async def test_a_call_that_the_requests_seconds_cut_short_is_told_as_late():
    told = []
    panel = {
        "ada": ScriptedExpert("ada", default="The answer is (A)."),
        "ben": ScriptedExpert("ben", default=Hang.FOREVER),
    }
    hurried = Request(Prompt.of("why?"), "vote", OPTIONS, Control(seconds=0.1))
    verdict = await service_of(panel, observer=told.append).answer(hurried)
    (event,) = told
    assert (event.outcome, verdict.author) == ("answered", "ada")
    assert {c.expert: c.outcome for c in event.calls} == {"ada": "answered", "ben": "timeout"}


async def test_a_stream_that_the_requests_seconds_end_in_mid_sentence_is_no_bug():
    class Slow(ScriptedExpert):
        async def stream(self, prompt):
            yield [Chunk("It is ")]
            await asyncio.Event().wait()

    told = []
    hurried = Request(Prompt.of("why?"), "ada", (), Control(seconds=0.1))
    with pytest.raises(OutOfTime):
        await asked(service_of({"ada": Slow("ada")}, observer=told.append), hurried, "stream")
    (event,) = told
    assert (event.outcome, event.calls[0].outcome) == ("panel_failed", "timeout")


async def test_a_control_that_is_refused_is_no_deliberation():
    told = []
    with pytest.raises(Refused):
        await service(told).answer(replace(request(), control=Control(deny=frozenset({"x"}))))
    assert told == []
