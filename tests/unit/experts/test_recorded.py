"""Experts that answer from a file: which reply is found, and why one is not."""

import asyncio
import json

import pytest

from experts.cards import Cluster, RecordedCard
from experts.errors import RecordingError, RegistryError
from experts.prompts import question_text
from experts.recorded import opened
from experts.types import Answer, Cause, Prompt, Usage

LINES = [
    {
        "question": "What is 2 + 2?",
        "options": ["3", "4"],
        "replies": {
            "ada": {"answer": "B", "text": "Two and two is four. The answer is (B).\n"},
            "bob": {"answer": "A", "cost_usd": 0.25},
        },
    },
    {"question": "Which?", "options": ["x", "y"], "replies": {"ada": {"answer": "A"}}},
    {"question": "Which?", "options": ["y", "x"], "replies": {"ada": {"answer": "B"}}},
    {"question": "Twice?", "replies": {"ada": {"answer": "first"}}},
    {"question": "Twice?", "replies": {"ada": {"answer": "second"}}},
    {"question": "Scored?", "replies": {"ada": {"score": 0.5}, "bob": {"answer": None}}},
    {"question": "Blank?", "replies": {"ada": {"answer": None, "text": " \n"}}},
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "recorded.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in LINES))
    return path


async def asked(file, text, name="ada"):
    card = await asyncio.to_thread(RecordedCard, kind="recorded", file=file, recorded_as=name)
    async with opened({"expert": card}, Cluster()) as experts:
        [reply] = await experts["expert"].ask([Prompt.of(text)])
    return reply


@pytest.mark.parametrize(
    ("text", "name", "reply"),
    [
        pytest.param(
            question_text("What is 2 + 2?", ["3", "4"]),
            "ada",
            "Two and two is four. The answer is (B).\n",
            id="its text where there is one",
        ),
        pytest.param(" What is 2 + 2?\n", "bob", "The answer is A.", id="options left out"),
        pytest.param(question_text("Which?", ["y", "x"]), "ada", "The answer is B.", id="options"),
        pytest.param("Twice?", "ada", "The answer is first.", id="the first of two recordings"),
    ],
)
async def test_a_recorded_question_has_its_recorded_reply(file, text, name, reply):
    assert (await asked(file, text, name)).text == reply


async def test_a_recorded_cost_is_reported_though_nothing_was_paid_again(file):
    reply = await asked(file, "What is 2 + 2?", "bob")
    assert reply == Answer("expert", "The answer is A.", Usage(cost_usd=0.25))


@pytest.mark.parametrize(
    ("text", "name", "cause", "message"),
    [
        pytest.param(
            "Who?", "ada", Cause.REJECTED, "question is not in recorded.jsonl", id="other"
        ),
        pytest.param("Which?", "ada", Cause.REJECTED, "several sets of options", id="ambiguous"),
        pytest.param("Twice?", "bob", Cause.REJECTED, "has no reply of bob", id="not asked then"),
        pytest.param("Scored?", "ada", Cause.EMPTY, "holds only scores", id="only a score"),
        pytest.param("Scored?", "bob", Cause.EMPTY, "no answer that could be read", id="null"),
        pytest.param("Blank?", "ada", Cause.EMPTY, "no answer that could be read", id="blank"),
    ],
)
async def test_what_the_file_does_not_hold_is_a_failure_that_says_so(
    file, text, name, cause, message
):
    failure = await asked(file, text, name)
    assert failure.cause is cause
    assert message in failure.message


async def test_an_expert_that_the_file_does_not_have_is_refused_at_the_start(file):
    with pytest.raises(RegistryError, match=r"experts\.expert: .*'eve'.*'recorded_as'.*ada, bob"):
        await asked(file, "What is 2 + 2?", "eve")


async def test_a_broken_file_is_refused_at_the_start(file):
    file.write_text("{")
    with pytest.raises(RecordingError, match=r"recorded\.jsonl:1: not valid JSON"):
        await asked(file, "What is 2 + 2?")
