import json
from dataclasses import replace

import pytest

from experts.errors import BackendUnavailable
from experts.types import Answer, Cause, Chunk, Failure, Usage
from orchestrator.errors import PanelFailed
from orchestrator.types import Working
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of, verdict

FAILED = PanelFailed(
    [Failure("ada", Cause.TIMEOUT, "no reply in 5 s"), Failure("bob", Cause.REJECTED, "bad key")]
)


async def post(service, body, path="/v1/chat/completions"):
    async with client_of(app_of(service)) as client:
        return await client.post(path, json=body)


def events(response):
    """(comments, events) of a stream; an event is (name, data)."""
    comments, found = [], []
    for block in response.text.split("\n\n"):
        name, data = None, []
        for line in block.splitlines():
            key, _, value = line.partition(": ")
            if not key:
                comments.append(value)
            elif key == "event":
                name = value
            elif key == "data":
                data.append(value)
        if data:
            text = "\n".join(data)
            found.append((name, text if text == "[DONE]" else json.loads(text)))
    return comments, found


async def test_a_completion_has_openais_shape_and_its_story():
    response = await post(ScriptedService(), asking(model="convene/vote"))
    body = response.json()
    assert response.status_code == 200
    assert body["id"].startswith("chatcmpl-")
    assert body["object"] == "chat.completion"
    assert body["model"] == "convene/vote"
    [choice] = body["choices"]
    assert choice["message"] == {"role": "assistant", "content": verdict().text, "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert body["usage"] == {
        "prompt_tokens": 20,
        "completion_tokens": 7,
        "total_tokens": 27,
        "experts": {
            "ada": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            "bob": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        },
    }
    assert body["convene"]["agreement"] == 1.0
    assert response.headers["x-convene-experts"] == "ada,bob"
    assert response.headers["x-convene-calls"] == "2"
    assert response.headers["x-request-id"].startswith("req_")


async def test_a_reply_cut_short_says_so():
    cut = replace(verdict(), replies=(Answer("ada", verdict().text, Usage(1, 1), 0.1, "length"),))
    response = await post(ScriptedService((cut,)), asking())
    assert response.json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("include_usage", [True, False], ids=["with usage", "without usage"])
async def test_a_stream_has_openais_frames_in_order(include_usage):
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    response = await post(ScriptedService(), asking(stream=True, **options))
    comments, frames = events(response)
    chunks = [chunk for _, chunk in frames[:-1]]
    content = [chunk for chunk in chunks if chunk["choices"]]
    deltas = [chunk["choices"][0]["delta"] for chunk in content]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert comments == ["working... asking ada, bob"]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == verdict().text
    assert [chunk["choices"][0]["finish_reason"] for chunk in content][-2:] == [None, "stop"]
    assert content[-1]["convene"]["author"] == "ada"
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert frames[-1] == (None, "[DONE]")
    usages = [chunk for chunk in chunks if not chunk["choices"]]
    assert [chunk["usage"]["total_tokens"] for chunk in usages] == ([27] if include_usage else [])
    assert all(("usage" in chunk) is include_usage for chunk in content)


@pytest.mark.parametrize(
    "script",
    [(verdict(),), (Chunk("It "), verdict()), (Chunk(""), Chunk(verdict().text), verdict())],
    ids=["no text before", "some text before", "all text before"],
)
async def test_the_chunks_join_to_the_verdicts_text(script):
    _, frames = events(await post(ScriptedService(script), asking(stream=True)))
    deltas = [c["choices"][0]["delta"] for _, c in frames if c != "[DONE]"]
    assert "".join(delta.get("content", "") for delta in deltas) == verdict().text


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_failed_panel_is_a_502_with_every_reason(stream):
    script = (Working("asking"), FAILED)
    response = await post(ScriptedService(script), asking(stream=stream))
    error = response.json()["error"]
    assert response.status_code == 502
    assert "ada: timeout: no reply in 5 s; bob: rejected: bad key" in error["message"]
    assert [f["expert"] for f in error["convene"]["failures"]] == ["ada", "bob"]
    assert "x-should-retry" not in response.headers


async def test_a_panel_that_will_fail_again_is_not_to_be_retried():
    failed = PanelFailed([Failure("bob", Cause.REJECTED, "bad key")])
    response = await post(ScriptedService((failed,)), asking())
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_an_unknown_model_is_a_404(stream):
    response = await post(ScriptedService(), asking(model="gpt-9", stream=stream))
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (
        404,
        "model_not_found",
        "model",
    )
    assert "use one of auto, vote, ada, bob" in error["message"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_bug_is_a_500_that_tells_nothing_but_the_log(stream, caplog):
    script = (Working("asking"), ZeroDivisionError("secret"))
    response = await post(ScriptedService(script), asking(stream=stream))
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert response.headers["x-request-id"].startswith("req_")
    assert "secret" not in response.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FAILED, "panel_failed"),
        (BackendUnavailable("ada went away"), "expert_failed"),
        (ZeroDivisionError("secret"), "internal_error"),
    ],
    ids=["panel", "author", "bug"],
)
async def test_an_error_after_the_first_text_ends_the_stream_as_an_event(error, code):
    response = await post(ScriptedService((Chunk("It "), error)), asking(stream=True))
    _, frames = events(response)
    name, data = frames[-1]
    assert (response.status_code, name, data["error"]["code"]) == (200, "error", code)
    assert "secret" not in response.text


async def test_text_that_is_not_the_verdicts_ends_the_stream_as_an_error():
    response = await post(ScriptedService((Chunk("Else"), verdict())), asking(stream=True))
    assert events(response)[1][-1][0] == "error"


async def test_half_an_emoji_from_an_expert_reaches_the_client():
    script = (Chunk("\ud83d"), Chunk("\ude42"), verdict("\ud83d\ude42"))
    response = await post(ScriptedService(script), asking(stream=True))
    assert r"\ud83d" in response.text
    assert events(response)[1][-1] == (None, "[DONE]")


@pytest.mark.parametrize(
    "body", [asking(), {"question": "6 x 7?"}], ids=["chat body", "bare question"]
)
async def test_a_dry_run_says_who_would_be_asked_and_asks_nobody(body):
    service = ScriptedService()
    response = await post(service, body, "/v1/route")
    assert response.json()["panel"] == ["ada", "bob"]
    assert not service.started.is_set()


async def test_a_bare_question_may_have_options():
    service = ScriptedService()
    body = {"question": "6 x 7?", "options": ["41", "42"], "model": "convene/vote"}
    assert (await post(service, body, "/v1/route")).status_code == 200
    assert service.asked[0].options == ("41", "42")
    assert service.asked[0].model == "vote"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"question": ""}, "question"),
        ({"question": 5}, "question"),
        ({"question": "x", "options": "y"}, "options"),
        ({"question": "x", "option": []}, "option"),
        ({"model": "auto"}, "messages"),
    ],
    ids=str,
)
async def test_a_wrong_dry_run_names_its_parameter(body, param):
    response = await post(ScriptedService(), body, "/v1/route")
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)
