from dataclasses import replace

import pytest
from openai.types.responses import Response

from api.keys.errors import OverLimit
from api.responses.body import ResponseBody
from api.responses.document import Draft, items
from experts.types import Answer, Cause, Failure, Usage
from orchestrator.errors import PanelFailed, QuestionTooLong
from tests.tools import LIMA, PARIS
from tests.unit.api.scripted import verdict


def draft(**more):
    return Draft(ResponseBody.model_validate({"model": "auto", "input": "why?", **more}))


def finished(draft, verdict, lost=()):
    return draft.finished(verdict, items(verdict), lost)


def test_a_response_is_what_openais_library_takes_it_for():
    mine = draft(instructions="Be brief.", metadata={"k": "v"}, previous_response_id="resp_1")
    response = Response.model_validate(finished(mine, verdict()))
    assert response.output_text == verdict().text
    assert (response.status, response.error, response.incomplete_details) == (
        "completed",
        None,
        None,
    )
    assert response.completed_at >= response.created_at
    assert (response.instructions, response.metadata) == ("Be brief.", {"k": "v"})
    assert (response.model, response.previous_response_id) == ("auto", "resp_1")
    assert response.id.startswith("resp_")
    assert response.output[0].id.startswith("msg_")
    assert response.model_extra["store"]


def test_usage_is_told_in_the_words_of_this_api_and_by_expert():
    assert finished(draft(), verdict())["usage"] == {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 27,
        "experts": {
            "ada": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
            "bob": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12},
        },
    }


def test_the_story_is_told_as_far_as_it_is_wanted():
    assert finished(draft(), verdict())["convene"]["replies"]
    short = finished(draft(convene={"explain": False}), verdict())["convene"]
    assert "replies" not in short
    assert short["author"] == "ada"


def test_a_text_that_was_cut_is_incomplete():
    cut = replace(verdict(), replies=(Answer("ada", verdict().text, Usage(), 0.1, "length"),))
    response = Response.model_validate(finished(draft(), cut))
    assert response.status == response.output[0].status == "incomplete"
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.completed_at is None


def test_calls_are_items_after_the_text_and_the_last_item_is_the_one_that_was_cut():
    calls = (PARIS, LIMA)
    said = replace(verdict("I ask."), tool_calls=calls)
    cut = replace(said, replies=(Answer("ada", "I ask.", finish="length", calls=calls),))
    response = Response.model_validate(finished(draft(), cut))
    assert [(item.type, item.status) for item in response.output] == [
        ("message", "completed"),
        ("function_call", "completed"),
        ("function_call", "incomplete"),
    ]
    assert [item.call_id for item in response.output[1:]] == [PARIS.id, LIMA.id]
    assert [item.call for item in items(replace(said, text=""))] == [*calls]


def test_what_was_to_be_kept_and_is_not_says_so():
    response = finished(draft(), verdict(), ["gone"])
    assert not response["store"]
    assert response["convene"]["notes"][-1] == "gone"


def test_the_format_is_told_as_it_was_asked_for():
    schema = {"type": "object"}
    asked = {"type": "json_schema", "name": "legs", "schema": schema, "strict": True}
    response = Response.model_validate(draft(text={"format": asked}).begun())
    assert (response.text.format.name, response.text.format.schema_) == ("legs", schema)
    assert draft().begun()["text"] == {"format": {"type": "text"}}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PanelFailed([Failure("ada", Cause.TIMEOUT, "no reply")]), "server_error"),
        (QuestionTooLong([Failure("ada", Cause.TOO_LONG, "long")]), "invalid_prompt"),
        (OverLimit("no requests are left", budget=False, seconds=5), "rate_limit_exceeded"),
        (RuntimeError("secret"), "server_error"),
    ],
    ids=["panel", "too long", "limit", "bug"],
)
def test_a_failure_is_one_that_clients_know_and_tells_no_secret(error, code):
    response = Response.model_validate(draft().failed(error))
    assert (response.status, response.error.code) == ("failed", code)
    assert "secret" not in response.error.message


def test_why_every_expert_failed_is_told():
    failed = draft().failed(PanelFailed([Failure("ada", Cause.TIMEOUT, "no reply")]))
    assert [f["expert"] for f in failed["convene"]["failures"]] == ["ada"]
