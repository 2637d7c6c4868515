"""The chat completions format: what is sent, and what is made of what comes back."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.cards import HostedCard, Price
from experts.errors import (
    BackendRejected,
    BackendUnavailable,
    EmptyReply,
    ExpertError,
    PromptTooLong,
)
from experts.hosted.openai_wire import answer, error_of_status, error_payload, request, retry_after
from experts.types import JsonFormat, Message, Prompt, Sampling, Usage
from tests.tools import PARIS, TOOLBOX

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def card(**values):
    return HostedCard(kind="hosted", model="m", **values)


def completion(content, finish="stop", **message):
    return {
        "choices": [{"message": {"content": content, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }


def test_a_plain_question_is_asked_greedily_with_the_cards_own_limit():
    assert request(card(), Prompt.of("Why?"), stream=False) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Why?"}],
        "max_tokens": 512,
        "temperature": 0.0,
    }


def test_sampling_is_passed_on():
    sampling = Sampling(max_tokens=7, temperature=0.5, top_p=0.9, seed=0, stop=("\n",))
    body = request(card(), Prompt.of("Why?", sampling), stream=False)
    wanted = {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "seed": 0, "stop": ["\n"]}
    assert wanted.items() <= body.items()


def test_a_format_is_passed_on_as_openai_writes_it():
    def asked(wanted):
        prompt = Prompt.of("Why?", Sampling(format=wanted))
        return request(card(), prompt, stream=False)["response_format"]

    assert asked(JsonFormat()) == {"type": "json_object"}
    named = {"name": "why", "schema": {"type": "object"}, "strict": True}
    assert asked(JsonFormat('{"type": "object"}', "why", strict=True)) == {
        "type": "json_schema",
        "json_schema": named,
    }


def test_tools_go_with_the_question_and_turns_of_calls_as_they_came():
    turns = (Message("user", "?"), Message("assistant", "", (PARIS,)))
    prompt = Prompt((*turns, Message("tool", "mild", (), "call_1")), toolbox=TOOLBOX)
    body = request(card(), prompt, stream=False)
    called = {"name": "weather", "arguments": PARIS.arguments}
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": called}],
        },
        {"role": "tool", "content": "mild", "tool_call_id": "call_1"},
    ]
    assert body["tools"][0]["function"]["name"] == "weather"
    assert body["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [(None, {}), (0, {"logprobs": True}), (3, {"logprobs": True, "top_logprobs": 3})],
)
def test_log_probabilities_are_asked_for_where_they_are_wanted(wanted, sent):
    body = request(card(), Prompt.of("Why?", Sampling(logprobs=wanted)), stream=False)
    assert {key: body[key] for key in body if "logprobs" in key} == sent


@pytest.mark.parametrize(
    ("told", "finish"), [("stop", "tool_calls"), ("tool_calls", "tool_calls"), ("length", "length")]
)
def test_a_reply_of_calls_alone_is_an_answer_that_says_so(told, finish):
    raw = [{"id": "call_1", "function": {"name": "weather", "arguments": PARIS.arguments}}]
    reply = answer("ada", completion(None, told, tool_calls=raw), None)
    assert (reply.text, reply.calls, reply.finish) == ("", (PARIS,), finish)


def test_a_reply_that_says_it_calls_and_does_not_is_a_text():
    assert answer("ada", completion("Hm.", "tool_calls"), None).finish == "stop"


def test_the_card_bounds_the_tokens_that_may_be_asked_for():
    sampling = Sampling(max_tokens=10_000)
    assert request(card(max_tokens=9), Prompt.of("", sampling), stream=False)["max_tokens"] == 9


def test_a_stream_asks_for_its_usage():
    body = request(card(), Prompt.of("Why?"), stream=True)
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


def test_the_cards_prompt_comes_in_front_and_is_joined_by_the_askers():
    prompt = Prompt((Message("system", "In French."), Message("user", "Why?")))
    assert request(card(prompt="Be brief."), prompt, stream=False)["messages"] == [
        {"role": "system", "content": "Be brief.\n\nIn French."},
        {"role": "user", "content": "Why?"},
    ]


def test_a_reply_has_its_text_its_finish_and_what_it_cost():
    reply = answer("ada", completion("yes", "length"), Price(input=1, output=10))
    assert (reply.expert, reply.text, reply.finish) == ("ada", "yes", "length")
    assert reply.usage == Usage(3, 4, 43e-6)


def test_without_a_price_the_cost_is_unknown_and_without_usage_the_tokens_too():
    assert answer("ada", completion("yes"), None).usage == Usage(3, 4, None)
    unknown = answer("ada", {**completion("yes"), "usage": None}, Price(input=1, output=10))
    assert unknown.usage == Usage()


def test_content_in_parts_is_joined():
    parts = [{"type": "thinking"}, {"type": "text", "text": "y"}, {"type": "text", "text": "es"}]
    assert answer("ada", completion(parts), None).text == "yes"


@pytest.mark.parametrize(
    ("payload", "kind", "message"),
    [
        pytest.param({"choices": []}, EmptyReply, "no choices", id="no choices"),
        pytest.param(completion(None), EmptyReply, "had no text", id="null content"),
        pytest.param(completion(" \n"), EmptyReply, "had no text", id="blank content"),
        pytest.param({"choices": [None]}, EmptyReply, "had no text", id="a null choice"),
        pytest.param(
            completion(None, "length"), EmptyReply, "raise the expert's max_tokens", id="thought"
        ),
        pytest.param(
            completion(None, refusal="I cannot."), EmptyReply, "refused: I cannot", id="a refusal"
        ),
        pytest.param({"ok": True}, BackendRejected, "does base_url end with its /v1", id="other"),
        pytest.param("<html>", BackendRejected, "does base_url end with its /v1", id="no object"),
        pytest.param(
            {"error": {"code": 429, "message": "slow down"}},
            BackendUnavailable,
            "HTTP 429 Too Many Requests: slow down",
            id="an error in a 200",
        ),
        pytest.param(
            {"object": "error", "message": "too long", "code": 400},
            BackendRejected,
            "HTTP 400 Bad Request: too long",
            id="an error as older vLLMs write it",
        ),
        pytest.param(
            {"error": {"code": "context_length_exceeded", "message": "9000 tokens"}},
            PromptTooLong,
            "9000 tokens",
            id="an error by OpenAI's name for it",
        ),
        pytest.param({"error": "oops"}, BackendUnavailable, "HTTP 500 .*: oops", id="a bare error"),
    ],
)
def test_what_is_no_reply_is_an_error_that_says_why(payload, kind, message):
    with pytest.raises(kind, match=message):
        answer("ada", payload, None)


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "error", "usage", "code", "text"]),
            inner,
            max_size=4,
        )
    ),
)


@given(nested)
def test_no_json_at_all_breaks_the_reader(payload):
    with suppress(ExpertError):
        assert answer("ada", payload, None).text.strip()


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 413, 422, 451])
def test_statuses_that_asking_again_will_not_mend(status):
    assert isinstance(error_of_status(status, "", None), BackendRejected)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529, 599])
def test_statuses_that_may_pass_keep_the_time_to_wait(status):
    error = error_of_status(status, "", 1.5)
    assert isinstance(error, BackendUnavailable)
    assert error.retry_after == 1.5


def test_a_spent_quota_does_not_come_back_in_seconds():
    payload = {"error": {"message": "no money", "code": "insufficient_quota"}}
    assert isinstance(error_of_status(429, payload, None), BackendRejected)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"error": {"message": "bad key"}}, ": bad key", id="OpenAI"),
        pytest.param([{"error": {"message": "bad key"}}], ": bad key", id="Google"),
        pytest.param({"error": "bad key"}, ": bad key", id="Ollama"),
        pytest.param({"message": "bad key"}, ": bad key", id="Mistral"),
        pytest.param({"detail": "bad key"}, ": bad key", id="FastAPI"),
        pytest.param({"detail": [{"msg": "bad"}]}, ': [{"msg": "bad"}]', id="FastAPI, a list"),
        pytest.param(b"bad\n  key", ": bad key", id="plain text"),
        pytest.param(b"\xff\xfe", ": \ufffd\ufffd", id="no text at all"),
        pytest.param(b" <html>nginx</html>", "", id="a web page"),
        pytest.param(b"", "", id="nothing"),
    ],
)
def test_the_servers_own_words_are_found(body, words):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = error_of_status(401, error_payload(raw), None)
    assert str(error) == f"HTTP 401 Unauthorized{words}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"Retry-After": "7"}, 7.0, id="seconds"),
        pytest.param({"Retry-After": "0.5"}, 0.5, id="half a second"),
        pytest.param({"retry-after-ms": "250", "Retry-After": "1"}, 0.25, id="milliseconds"),
        pytest.param({"Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT"}, 30.0, id="a date"),
        pytest.param({"Retry-After": "Thu, 01 Jan 2025 00:00:30 GMT"}, 0.0, id="a past date"),
        pytest.param({"Retry-After": "Thu, 01 Jan 2026 00:00:30"}, 30.0, id="no time zone"),
        pytest.param({"Retry-After": "soon"}, None, id="words"),
        pytest.param({"Retry-After": "-1"}, None, id="negative"),
        pytest.param({"Retry-After": "inf"}, None, id="for ever"),
        pytest.param({"Retry-After": "nan"}, None, id="no number"),
    ],
)
def test_the_time_to_wait_is_read(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "9000 tokens"},
        {"message": "This model's maximum context length is 8192 tokens."},
    ],
    ids=["by its code", "by its words"],
)
def test_a_prompt_that_is_too_long_is_told_apart(error):
    assert isinstance(error_of_status(400, {"error": error}, None), PromptTooLong)
