import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from api.turns import Turn, check_calls
from experts.types import Message, ToolCall

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def test_an_assistants_calls_and_a_tools_result_are_messages():
    assistant = Turn.model_validate({"role": "assistant", "content": None, "tool_calls": [CALL]})
    calls = (ToolCall("c1", "weather", "{}"),)
    assert assistant.message == Message("assistant", "", calls)
    parts = [{"type": "text", "text": "mild"}]
    result = Turn.model_validate({"role": "tool", "tool_call_id": "c1", "content": parts})
    assert result.message == Message("tool", "mild", (), "c1")


def test_what_experts_read_of_a_turn_counts():
    turn = Turn.model_validate({"role": "assistant", "content": "ab", "tool_calls": [CALL]})
    assert turn.length == len("ab" + "weather" + "{}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "assistant"},
        {"role": "user", "content": None},
        {"role": "user", "content": "x", "tool_calls": [CALL]},
        {"role": "user", "content": "x", "tool_call_id": "c1"},
        {"role": "tool", "content": "x"},
        {"role": "tool", "tool_call_id": "c1"},
        {"role": "assistant", "tool_calls": [{**CALL, "id": ""}]},
        {"role": "assistant", "tool_calls": [{**CALL, "type": "custom"}]},
        {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "x"}}]},
    ],
    ids=str,
)
def test_a_turn_has_what_its_role_has_and_no_more(wrong):
    with pytest.raises(ValidationError):
        Turn.model_validate(wrong)


def test_an_assistants_turn_without_calls_may_say_so():
    Turn.model_validate({"role": "assistant", "content": "x", "tool_calls": []})


USER = {"role": "user", "content": "What is it like in Paris?"}


def calling(*ids):
    function = {"name": "weather", "arguments": "{}"}
    calls = [{"id": each, "type": "function", "function": function} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(of, text="mild"):
    return {"role": "tool", "tool_call_id": of, "content": text}


RIGHT = {
    "a question": [USER],
    "a result": [USER, calling("a"), result("a")],
    "results in another order": [USER, calling("a", "b"), result("b"), result("a")],
    "an empty result": [USER, calling("a"), result("a", "")],
    "calls in turn": [USER, calling("a"), result("a"), calling("b"), result("b")],
    "an id again": [USER, calling("a"), result("a"), calling("a"), result("a")],
    "a question after results": [USER, calling("a"), result("a"), USER],
}
WRONG = {
    "no result": ([USER, calling("a"), USER], "messages.1.tool_calls"),
    "one result of two": ([USER, calling("a", "b"), result("b")], "messages.1.tool_calls"),
    "a result too late": ([USER, calling("a"), USER, result("a")], "messages.1.tool_calls"),
    "a result of no call": ([USER, result("a")], "messages.1.tool_call_id"),
    "a result of another": ([USER, calling("a"), result("b")], "messages.2.tool_call_id"),
    "a result twice": ([USER, calling("a"), result("a"), result("a")], "messages.3.tool_call_id"),
    "an end without a result": ([USER, calling("a")], "messages.1.tool_calls"),
}


@pytest.mark.parametrize("turns", RIGHT.values(), ids=RIGHT)
def test_a_conversation_may_have_calls_and_their_results(turns):
    check_calls([Turn.model_validate(turn) for turn in turns])


@pytest.mark.parametrize(("turns", "at"), WRONG.values(), ids=WRONG)
def test_a_turn_that_is_out_of_place_is_named(turns, at):
    with pytest.raises(PydanticCustomError) as raised:
        check_calls([Turn.model_validate(turn) for turn in turns])
    assert raised.value.context == {"at": at}
