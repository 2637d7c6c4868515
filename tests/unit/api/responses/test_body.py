import json

import pytest

from api.errors import Unfit
from api.responses.body import MOST_ITEMS, ResponseBody
from api.responses.items import Said
from experts.types import JsonFormat, Message, Sampling
from tests.responses import Shelf
from tests.unit.api.scripted import ScriptedService, app_of, client_of

SERVICE = ScriptedService()
JSON = {"content-type": "application/json"}
USER = {"role": "user", "content": "why?"}
SCHEMA = {"type": "object", "properties": {"legs": {"type": "integer"}}, "required": ["legs"]}


def asking(input="why?", **more):
    return {"input": input, **more}


def part(kind="input_text", **more):
    return asking([{"role": "user", "content": [{"type": kind, "text": "x", **more}]}])


def by_format(**format):
    return asking(text={"format": format})


UNSUPPORTED = "unsupported_parameter"
WRONG = {
    "no input": ({"model": "auto"}, "input", "missing_required_parameter"),
    "input a number": (asking(7), "input", "invalid_type"),
    "input blank": (asking(" \n"), "input", "invalid_value"),
    "input half an emoji": (asking("\ud83d"), "input", "invalid_value"),
    "input too long": (asking("x" * 100_001), "input", "string_above_max_length"),
    "no items": (asking([]), "input", "empty_array"),
    "an item a string": (asking(["why?"]), "input.0", "invalid_type"),
    "no role": (asking([{"content": "x"}]), "input.0.role", "missing_required_parameter"),
    "no content": (asking([{"role": "user"}]), "input.0.content", "missing_required_parameter"),
    "last is not the user's": (
        asking([USER, {"role": "assistant", "content": "so"}]),
        "input.1.role",
        "invalid_value",
    ),
    "blank question": (
        asking([USER, {"role": "user", "content": " "}]),
        "input.1.content",
        "invalid_value",
    ),
    "items too long": (
        asking([{"role": "user", "content": "x" * 60_000}] * 2),
        "input",
        "string_above_max_length",
    ),
    "an image": (part("input_image"), "input.0.content.0.type", UNSUPPORTED),
    "a file": (part("input_file"), "input.0.content.0.type", UNSUPPORTED),
    "a call at the end": (
        asking([USER, {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}]),
        "input.1.call_id",
        "invalid_value",
    ),
    "a reference": (asking([{"type": "item_reference", "id": "m"}]), "input.0.type", UNSUPPORTED),
    "background": (asking(background=True), "background", UNSUPPORTED),
    "conversation": (asking(conversation="conv_1"), "conversation", UNSUPPORTED),
    "prompt": (asking(prompt={"id": "pmpt_1"}), "prompt", UNSUPPORTED),
    "reasoning": (asking(reasoning={"effort": "high"}), "reasoning", UNSUPPORTED),
    "truncation": (asking(truncation="auto"), "truncation", UNSUPPORTED),
    "logprobs": (asking(include=["message.output_text.logprobs"]), "include.0", UNSUPPORTED),
    "verbosity": (asking(text={"verbosity": "low"}), "text.verbosity", UNSUPPORTED),
    "format unknown": (by_format(type="xml"), "text.format", "invalid_value"),
    "format without a schema": (
        by_format(type="json_schema", name="legs"),
        "text.format.schema",
        "missing_required_parameter",
    ),
    "schema is none": (
        by_format(type="json_schema", name="legs", schema={"type": "leg"}),
        "text.format.schema",
        "invalid_value",
    ),
    "hot": (asking(temperature=3), "temperature", "invalid_value"),
    "no tokens": (asking(max_output_tokens=0), "max_output_tokens", "invalid_value"),
    "metadata a list": (asking(metadata=["x"]), "metadata", "invalid_type"),
    "metadata too long": (
        asking(metadata={"k": "v" * 513}),
        "metadata.k",
        "string_above_max_length",
    ),
    "obfuscation": (
        asking(stream=True, stream_options={"include_obfuscation": True}),
        "stream_options.include_obfuscation",
        UNSUPPORTED,
    ),
    "chat's limit": (asking(max_tokens=5), "max_tokens", "unknown_parameter"),
    "steering": (asking(convene={"sise": 2}), "convene.sise", "unknown_parameter"),
}


@pytest.mark.parametrize(("body", "param", "code"), WRONG.values(), ids=WRONG)
async def test_what_cannot_be_honoured_is_refused_by_name(body, param, code):
    service = ScriptedService()
    async with client_of(app_of(service, responses=Shelf())) as client:
        response = await client.post("/v1/responses", content=json.dumps(body), headers=JSON)
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (400, param, code)
    assert error["message"].startswith(f"{param}: ")
    assert not service.asked


def test_what_asks_for_nothing_is_taken():
    body = ResponseBody.model_validate(
        asking(
            background=False,
            include=["reasoning.encrypted_content"],
            max_tool_calls=3,
            reasoning={"effort": None, "summary": None},
            safety_identifier="somebody",
            service_tier="auto",
            store=None,
            stream_options={"include_obfuscation": False},
            text={"format": {"type": "text"}, "verbosity": "medium"},
            tool_choice="auto",
            tools=[],
            top_logprobs=0,
            truncation="disabled",
        )
    )
    assert body == ResponseBody.model_validate(
        asking(
            include=["reasoning.encrypted_content"],
            max_tool_calls=3,
            safety_identifier="somebody",
            stream_options={},
        )
    )
    assert body.store


def test_an_output_that_is_echoed_is_a_message_like_others():
    echoed = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": "so", "annotations": [], "logprobs": []}],
    }
    parts = [{"type": "input_text", "text": "and"}, {"type": "input_text", "text": "why?"}]
    body = ResponseBody.model_validate(
        asking([USER, echoed, {"role": "user", "content": parts, "type": "message"}])
    )
    assert [(item.role, item.parts) for item in body.items] == [
        ("user", ("why?",)),
        ("assistant", ("so",)),
        ("user", ("and", "why?")),
    ]
    assert len({item.id for item in body.items} | {"msg_1"}) == 4


def test_experts_are_asked_the_conversation_under_the_instructions():
    body = ResponseBody.model_validate(
        asking(
            instructions="Be brief.",
            max_output_tokens=9,
            temperature=0.5,
            top_p=0.9,
            text={"format": {"type": "json_schema", "name": "legs", "schema": SCHEMA}},
            convene={"policy": "vote", "size": 1},
        )
    )
    before = (Said.new("developer", "Count."), Said.new("user", "hi"), Said.new("assistant", "ho"))
    request = body.request(before, SERVICE)
    assert request.prompt.messages == (
        Message("system", "Be brief."),
        Message("system", "Count."),
        Message("user", "hi"),
        Message("assistant", "ho"),
        Message("user", "why?"),
    )
    schema = '{"type": "object", "properties": {"legs": {"type": "integer"}}, "required": ["legs"]}'
    assert request.prompt.sampling == Sampling(
        9, 0.5, 0.9, format=JsonFormat(schema, "legs", None, 2)
    )
    assert (request.model, request.control.size) == ("vote", 1)


@pytest.mark.parametrize(
    ("before", "more", "at"),
    [
        ([Said.new("user", "x" * 99_999)], {"previous_response_id": "r"}, "previous_response_id"),
        ([Said.new("user", "x")] * MOST_ITEMS, {"previous_response_id": "r"}, "previous_response"),
        ([], {"instructions": "x" * 100_000}, "instructions"),
    ],
    ids=["characters", "messages", "instructions"],
)
def test_a_conversation_has_a_bound(before, more, at):
    body = ResponseBody.model_validate(asking(**more))
    with pytest.raises(Unfit, match=f"^{at}.*: the whole conversation is too long"):
        body.request(before, SERVICE)
