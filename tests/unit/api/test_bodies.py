import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.bodies import ChatBody
from experts.types import JsonFormat, Message, Sampling, Tool, Toolbox
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of

USER = {"role": "user", "content": "why?"}
IMAGE = {"type": "image_url", "image_url": {"url": "http://x/y.png"}}


def messages(*turns):
    return asking(messages=list(turns))


def by_schema(schema, **more):
    named = {"name": "reply", "schema": schema}
    return asking(response_format={"type": "json_schema", "json_schema": named}, **more)


WRONG = {
    "no model": ({"messages": [USER]}, "model", "missing_required_parameter"),
    "null model": (asking(model=None), "model", "missing_required_parameter"),
    "empty model": (asking(model=""), "model", "invalid_value"),
    "model a number": (asking(model=7), "model", "invalid_type"),
    "no messages": ({"model": "auto"}, "messages", "missing_required_parameter"),
    "messages empty": (messages(), "messages", "empty_array"),
    "messages a string": (asking(messages="why?"), "messages", "invalid_type"),
    "message a string": (messages("why?"), "messages.0", "invalid_type"),
    "no role": (messages({"content": "x"}), "messages.0.role", "missing_required_parameter"),
    "no content": (messages({"role": "user"}), "messages.0.content", "missing_required_parameter"),
    "null content": (
        messages({"role": "user", "content": None}),
        "messages.0.content",
        "missing_required_parameter",
    ),
    "content a number": (asking(5), "messages.0.content", "invalid_type"),
    "content an object": (asking({"text": "x"}), "messages.0.content", "invalid_type"),
    "content blank": (asking(" \n"), "messages.0.content", "invalid_value"),
    "half an emoji": (asking("\ud83d"), "messages.0.content", "invalid_value"),
    "half an emoji in a part": (
        asking([{"type": "text", "text": "\ud83d"}]),
        "messages.0.content.0.text",
        "invalid_value",
    ),
    "model half an emoji": (asking(model="\ud83d"), "model", "invalid_value"),
    "content no parts": (asking([]), "messages.0.content", "invalid_value"),
    "image part": (asking([IMAGE]), "messages.0.content.0.type", "unsupported_parameter"),
    "audio part": (
        asking([{"type": "text", "text": "x"}, {"type": "input_audio", "input_audio": {}}]),
        "messages.0.content.1.type",
        "unsupported_parameter",
    ),
    "part without text": (
        asking([{"type": "text"}]),
        "messages.0.content.0.text",
        "missing_required_parameter",
    ),
    "part a string": (asking(["x"]), "messages.0.content.0", "invalid_type"),
    "no user": (messages({"role": "system", "content": "x"}), "messages", "invalid_value"),
    "ends with assistant": (
        messages(USER, {"role": "assistant", "content": "x"}),
        "messages.1.role",
        "invalid_value",
    ),
    "last user empty": (
        messages(USER, {"role": "user", "content": ""}),
        "messages.1.content",
        "invalid_value",
    ),
    "unknown key in message": (
        messages({**USER, "mood": "good"}),
        "messages.0.mood",
        "unknown_parameter",
    ),
    "text too long": (asking("x" * 100_001), "messages", "string_above_max_length"),
    "too many messages": (messages(*[USER] * 1001), "messages", "array_above_max_length"),
    "unknown key": (asking(temprature=1), "temprature", "unknown_parameter"),
    "unknown key like a tag": (asking(**{"<text>": 1}), "<text>", "unknown_parameter"),
    "temperature a string": (asking(temperature="hot"), "temperature", "invalid_type"),
    "temperature a bool": (asking(temperature=True), "temperature", "invalid_type"),
    "temperature too high": (asking(temperature=2.1), "temperature", "invalid_value"),
    "top_p zero": (asking(top_p=0), "top_p", "invalid_value"),
    "max_tokens zero": (asking(max_tokens=0), "max_tokens", "invalid_value"),
    "max_tokens fraction": (asking(max_tokens=1.5), "max_tokens", "invalid_type"),
    "max_completion_tokens": (
        asking(max_completion_tokens="9"),
        "max_completion_tokens",
        "invalid_type",
    ),
    "seed huge": (asking(seed=2**70), "seed", "invalid_value"),
    "five stops": (asking(stop=list("abcde")), "stop", "array_above_max_length"),
    "stop a number": (asking(stop=1), "stop", "invalid_type"),
    "stop with a number": (asking(stop=["a", 1]), "stop.1", "invalid_type"),
    "stop empty": (asking(stop=""), "stop", "invalid_value"),
    "n zero": (asking(n=0), "n", "invalid_value"),
    "n streamed": (asking(n=2, stream=True), "n", "invalid_value"),
    "stream a string": (asking(stream="yes"), "stream", "invalid_type"),
    "stream_options alone": (
        asking(stream_options={"include_usage": True}),
        "stream_options",
        "invalid_value",
    ),
    "stream_options unknown": (
        asking(stream=True, stream_options={"usage": True}),
        "stream_options.usage",
        "unknown_parameter",
    ),
    "control unknown": (asking(convene={"pannel": 2}), "convene.pannel", "unknown_parameter"),
    "control no object": (asking(convene=3), "convene", "invalid_type"),
    "size zero": (asking(convene={"size": 0}), "convene.size", "invalid_value"),
    "sure beyond 1": (asking(convene={"confidence": 1.5}), "convene.confidence", "invalid_value"),
    "no seconds": (
        asking(convene={"budget": {"seconds": 0}}),
        "convene.budget.seconds",
        "invalid_value",
    ),
    "allow nobody": (asking(convene={"allow": []}), "convene.allow", "empty_array"),
    "deny a number": (asking(convene={"deny": [3]}), "convene.deny.0", "invalid_type"),
    "explain a word": (asking(convene={"explain": "yes"}), "convene.explain", "invalid_type"),
    "format a word": (asking(response_format="json"), "response_format", "invalid_value"),
    "format unknown": (asking(response_format={"type": "xml"}), "response_format", "invalid_value"),
    "schema missing": (
        asking(response_format={"type": "json_schema"}),
        "response_format.json_schema",
        "missing_required_parameter",
    ),
    "schema nameless": (
        asking(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
        "response_format.json_schema.name",
        "missing_required_parameter",
    ),
    "schema wrong": (
        by_schema({"type": "number of legs"}),
        "response_format.json_schema.schema",
        "invalid_value",
    ),
    "schema elsewhere": (
        by_schema({"$ref": "http://127.0.0.1/x"}),
        "response_format.json_schema.schema",
        "invalid_value",
    ),
    "top_logprobs alone": (asking(top_logprobs=2), "top_logprobs", "invalid_value"),
    "top_logprobs many": (asking(logprobs=True, top_logprobs=21), "top_logprobs", "invalid_value"),
    "logit_bias": (asking(logit_bias={"1": 2}), "logit_bias", "unsupported_parameter"),
    "frequency_penalty": (
        asking(frequency_penalty=0.5),
        "frequency_penalty",
        "unsupported_parameter",
    ),
}


@pytest.mark.parametrize(("body", "param", "code"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_body_is_refused_naming_the_parameter(body, param, code):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.post(
            "/v1/chat/completions",
            content=json.dumps(body),  # in ASCII, so that half an emoji can be sent
            headers={"content-type": "application/json"},
        )
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (400, param, code)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(f"{param}: ")


NOT_JSON = {
    "text": b"why?",
    "cut off": b'{"model":',
    "empty": b"",
    "array": b"[]",
    "null": b"null",
    "not utf-8": b'{"model": "\xff"}',
    "nested deep": b"[" * 100_000,
    "long number": b'{"seed": ' + b"9" * 10_000 + b"}",
    "NaN": b'{"model":"auto","temperature":NaN,"messages":[{"role":"user","content":"x"}]}',
}


@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON.keys())
async def test_what_is_no_json_object_is_refused(content):
    async with client_of(app_of(ScriptedService())) as client:
        headers = {"content-type": "application/json"}
        response = await client.post("/v1/chat/completions", content=content, headers=headers)
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


async def test_a_body_that_is_not_declared_as_json_is_refused():
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.post("/v1/chat/completions", content=b'{"model": "auto"}')
    assert response.status_code == 415
    assert "content-type" in response.json()["error"]["message"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool"])
TURN = st.fixed_dictionaries(
    {},
    optional={
        "role": ROLES | JSON,
        "content": st.text() | JSON,
        "name": JSON,
        "tool_calls": JSON
        | st.just([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]),
        "tool_call_id": st.just("c") | JSON,
    },
)
CHAT = st.fixed_dictionaries(
    {"model": st.sampled_from(["auto", "convene/vote", "ada", "zed"])},
    optional={
        "messages": st.lists(TURN, max_size=3) | JSON,
        "temperature": st.floats(0, 3) | JSON,
        "stop": JSON,
        "seed": st.integers() | JSON,
        "tools": JSON
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["function", "custom"])},
                optional={
                    "function": st.fixed_dictionaries(
                        {"name": st.sampled_from(["f", "g h"])}, optional={"parameters": JSON}
                    )
                },
            ),
            max_size=2,
        ),
        "tool_choice": st.sampled_from(["auto", "required", "all"])
        | JSON
        | st.just({"type": "function", "function": {"name": "f"}}),
        "logprobs": st.booleans() | JSON,
        "top_logprobs": st.integers(-1, 30) | JSON,
        "response_format": JSON
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["text", "json_object", "json_schema"])},
            optional={
                "json_schema": st.fixed_dictionaries(
                    {"name": st.just("x"), "schema": st.dictionaries(st.text(), JSON) | JSON}
                )
            },
        ),
        "n": st.integers(1, 3),
        "plugins": JSON
        | st.lists(
            st.fixed_dictionaries(
                {"id": st.just("fusion")},
                optional={
                    "analysis_models": st.lists(st.sampled_from(["ada", "bob", "auto"])) | JSON,
                    "model": st.sampled_from(["zoe", "convene/fusion"]) | JSON,
                },
            ),
            max_size=2,
        ),
        "stream_options": JSON,
        "metadata": JSON,
        "convene": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                "policy": st.sampled_from(["vote", "convene/auto", "ada", "zed"]) | JSON,
                "size": st.integers() | JSON,
                "budget": st.dictionaries(st.sampled_from(["dollars", "seconds"]), JSON),
                "allow": st.lists(st.sampled_from(["ada", "zed"])) | JSON,
            },
        ),
    },
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=CHAT | JSON)
async def test_no_body_breaks_the_server(body):
    async with client_of(app_of(ScriptedService())) as client:
        for path in ("/v1/chat/completions", "/v1/route"):
            response = await client.post(path, json=body)
            assert response.status_code in (200, 400, 404)
            if response.status_code != 200:
                assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def request_of(**body):
    return ChatBody.model_validate(asking(**body)).request(ScriptedService())


def test_sampling_is_passed_on_and_defaults_to_greedy():
    asked = request_of(
        temperature=1, top_p=0.5, max_tokens=9, max_completion_tokens=7, seed=3, stop="end"
    )
    assert asked.prompt.sampling == Sampling(7, 1.0, 0.5, 3, ("end",))
    assert request_of().prompt.sampling == Sampling()


def test_a_schema_is_passed_on_as_it_came():
    schema = {"type": "object", "properties": {"answer": {"type": "number"}}}
    asked = ChatBody.model_validate(by_schema(schema, temperature=1)).request(ScriptedService())
    wanted = asked.prompt.sampling.format
    assert (json.loads(wanted.schema), wanted.name, wanted.tries) == (schema, "reply", 2)


def test_tools_and_likely_tokens_are_passed_on():
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    asked = request_of(tools=tools, tool_choice="required", logprobs=True, top_logprobs=3)
    assert asked.prompt.toolbox == Toolbox((Tool("f", None, '{"type": "object"}'),), "required")
    assert asked.prompt.sampling.logprobs == 3
    assert request_of(logprobs=True).prompt.sampling.logprobs == 0
    assert request_of(top_logprobs=0).prompt.sampling.logprobs is None


def test_dollars_do_not_pay_for_a_second_try():
    asked = request_of(
        response_format={"type": "json_object"}, convene={"budget": {"dollars": 0.01}}
    )
    assert asked.prompt.sampling.format == JsonFormat(tries=1)


def test_parts_are_paragraphs_and_developers_are_systems():
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": t} for t in ("one", "two")]},
    ]
    asked = ChatBody.model_validate(asking(messages=turns)).request(ScriptedService())
    assert asked.prompt.messages == (Message("system", "Be brief."), Message("user", "one\ntwo"))


@pytest.mark.parametrize(
    ("model", "name"),
    [("convene/vote", "vote"), ("vote", "vote"), ("ada", "ada"), ("convene/ada", "convene/ada")],
)
def test_a_policy_may_be_written_with_or_without_its_prefix(model, name):
    assert request_of(model=model).model == name


def test_parameters_that_ask_for_nothing_are_taken():
    request_of(
        n=1,
        tools=[],
        logprobs=False,
        response_format={"type": "text"},
        frequency_penalty=0,
        presence_penalty=0.0,
        parallel_tool_calls=True,
        user="u",
        metadata={"a": "b"},
        stop=None,
        stream_options=None,
    )


def test_an_assistants_turn_can_be_sent_back_as_it_came():
    reply = {
        "role": "assistant",
        "content": "x",
        "refusal": None,
        "tool_calls": None,
        "audio": None,
    }
    request_of(messages=[USER, reply, USER])
