import pytest
from pydantic import BaseModel, ValidationError, model_validator

from api.conversation import LONGEST_TEXT, check
from api.turns import Turn

USER = {"role": "user", "content": "What is it like in Paris?"}


class Talk(BaseModel):
    turns: list[Turn]

    @model_validator(mode="after")
    def _checked(self):
        check(self.turns)
        return self


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
    "an end without a result": ([USER, calling("a")], "messages.1.role"),
    "no user": ([calling("a"), result("a")], "messages"),
    "too long": ([USER, calling("a"), result("a", "x" * LONGEST_TEXT)], "messages"),
}


@pytest.mark.parametrize("turns", RIGHT.values(), ids=RIGHT)
def test_a_conversation_may_have_calls_and_their_results(turns):
    Talk.model_validate({"turns": turns})


@pytest.mark.parametrize(("turns", "at"), WRONG.values(), ids=WRONG)
def test_a_turn_that_is_out_of_place_is_named(turns, at):
    with pytest.raises(ValidationError) as raised:
        Talk.model_validate({"turns": turns})
    assert raised.value.errors()[0]["ctx"]["at"] == at
