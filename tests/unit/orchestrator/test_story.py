"""The verdict's story: plain data in which the numbers add up."""

import json

import pytest

from experts.cards import Price
from experts.scripted import ScriptedExpert
from experts.types import Cause, Prompt
from orchestrator.story import route_story, story
from orchestrator.types import Request
from tests.routes import service_of

SAID = {"ada": "The answer is 7.", "ben": Cause.TIMEOUT, "cleo": "The answer is 8."}


def service():
    price = Price(input=1.0, output=2.0)
    experts = {n: ScriptedExpert(n, default=text, price=price) for n, text in SAID.items()}
    return service_of(experts, ScriptedExpert("zoe", default=Cause.UNAVAILABLE))


async def told(model="vote"):
    return story(await service().answer(Request(Prompt.of("3 + 4?"), model)))


@pytest.mark.parametrize("model", ["vote", "symbolic-moe", "synthesize", "ada"])
async def test_a_story_survives_json_unchanged(model):
    found = await told(model)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("model", ["vote", "symbolic-moe", "best-single"])
async def test_terms_sum_to_the_score(model):
    for candidate in (await told(model))["candidates"]:
        assert sum(candidate["terms"].values()) == pytest.approx(candidate["score"], abs=1e-5)


async def test_it_says_who_was_asked_and_what_they_said():
    found = await told()
    assert found["panel"] == ["ada", "ben", "cleo"]
    assert (found["answer"], found["author"], found["calls"]) == ("7", "ada", 3)
    replies = {reply["expert"]: reply for reply in found["replies"]}
    assert replies["ada"]["text"] == SAID["ada"]
    assert (replies["ben"]["error"], "text" in replies["ben"]) == ("timeout", False)


async def test_notes_of_the_route_and_of_the_verdict_are_told_together():
    notes = (await told("synthesize"))["notes"]
    assert len(notes) == 2
    assert "like none seen" in notes[0]
    assert "the vote stands" in notes[1]


async def test_times_add_up():
    timings = (await told())["timings"]
    parts = [timings[f"{part}_seconds"] for part in ("route", "panel", "aggregate")]
    assert timings["total_seconds"] == pytest.approx(sum(parts), abs=1e-5)


async def test_a_route_has_a_story_before_there_is_a_verdict():
    route = await service().route(Request(Prompt.of("3 + 4?"), "single"))
    found = route_story(route)
    assert (found["policy"], found["panel"]) == ("single", ["ada"])
    assert "answer" not in found
