from dataclasses import dataclass

import pytest
from pydantic_core import PydanticCustomError

from api.conversation import LONGEST_TEXT, Loose, check, loose
from experts.types import Message, ToolCall


@dataclass
class Turn:
    role: str
    text: str
    calls_tools: bool = False

    @property
    def length(self):
        return len(self.text)


@pytest.mark.parametrize(
    ("turns", "at"),
    [
        ([Turn("system", "x")], "input"),
        ([Turn("user", "why?"), Turn("assistant", "so")], "input.1.role"),
        ([Turn("user", " \n")], "input.0.content"),
        ([Turn("user", "x" * LONGEST_TEXT), Turn("user", "x")], "input"),
    ],
    ids=["nobody asks", "ends with an answer", "empty", "too long"],
)
def test_what_is_out_of_place_is_named_as_the_body_has_it(turns, at):
    with pytest.raises(PydanticCustomError) as complaint:
        check(turns, "input")
    assert complaint.value.context == {"at": at}


def test_a_conversation_of_the_longest_text_is_taken():
    check([Turn("system", "x" * (LONGEST_TEXT - 4)), Turn("user", "why?")])


def test_a_tools_result_may_be_the_last_and_empty():
    check([Turn("user", "why?"), Turn("assistant", ""), Turn("tool", "")])


def test_what_goes_on_needs_no_question_of_its_own():
    check([Turn("tool", "mild")], asked=True)


def test_a_call_at_the_end_is_left_to_the_look_at_calls():
    check([Turn("user", "why?"), Turn("assistant", "", calls_tools=True)])


def test_a_call_and_its_result_are_found_loose():
    calling = Message("assistant", "", (ToolCall("c1", "weather", "{}"),))
    result = Message("tool", "mild", answers="c1")
    assert loose([calling, result]) is None
    assert loose([calling]) == Loose(0, "c1", is_result=False)
    assert loose([calling, result, result]) == Loose(2, "c1", is_result=True)
