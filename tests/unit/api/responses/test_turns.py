import pytest

from api.errors import Unfit
from api.responses.items import Called, Output, Said
from api.responses.turns import messages
from experts.types import Message, ToolCall

ASKS = Said.new("user", "why?")
SAYS = Said.new("assistant", "so")


def call(id):
    return Called.new(ToolCall(id, "weather", "{}"))


def output(id):
    return Output.new(id, "mild")


def test_messages_stay_what_they_are():
    items = [Said.new("developer", "Count."), ASKS, SAYS, SAYS, ASKS]
    assert messages(items[:1], items[1:]) == [
        Message("system", "Count."),
        Message("user", "why?"),
        Message("assistant", "so"),
        Message("assistant", "so"),
        Message("user", "why?"),
    ]


@pytest.mark.parametrize(
    "answer",
    [[SAYS, call("a"), call("b")], [call("a"), SAYS, call("b")], [call("a"), call("b"), SAYS]],
    ids=["first", "between", "last"],
)
def test_calls_are_of_one_turn_with_the_text_beside_them(answer):
    told = messages([ASKS, *answer], [output("b"), output("a")])
    assert told[1].content == "so"
    assert [each.id for each in told[1].calls] == ["a", "b"]
    assert [(each.role, each.answers) for each in told[2:]] == [("tool", "b"), ("tool", "a")]


def test_a_call_after_an_output_is_of_another_turn():
    told = messages([], [ASKS, call("a"), output("a"), call("a"), output("a"), SAYS, ASKS])
    assert [each.role for each in told[1:]] == [*["assistant", "tool"] * 2, "assistant", "user"]


WRONG = {
    "no output": ([], [ASKS, SAYS, call("a"), ASKS], "input.2.call_id", "follow"),
    "one output of two": ([], [ASKS, call("a"), call("b"), output("a")], "input.2.call_id", "b$"),
    "no output of one before": ([ASKS, call("a")], [ASKS], "input", "follow"),
    "an output of none": ([], [ASKS, output("a")], "input.1.call_id", "no call"),
    "an output too late": ([ASKS, call("a"), output("a")], [output("a")], "input.0.call_id", "no"),
    "a call again": ([ASKS, call("a"), output("a")], [call("a"), ASKS], "input.0.call_id", "a$"),
}


@pytest.mark.parametrize(("before", "asked", "param", "told"), WRONG.values(), ids=WRONG)
def test_a_call_without_its_output_and_the_reverse_are_refused_by_name(before, asked, param, told):
    with pytest.raises(Unfit, match=told) as refused:
        messages(before, asked)
    assert refused.value.param == param
