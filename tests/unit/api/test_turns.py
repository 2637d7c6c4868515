import pytest
from pydantic import ValidationError

from api.turns import Turn
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
