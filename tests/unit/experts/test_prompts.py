"""The texts that surround a question."""

from dataclasses import replace

import pytest

from experts.prompts import formatted, question_text
from experts.types import JsonFormat, Prompt, Sampling
from tests.tools import TOOLBOX


def test_options_are_lettered_and_the_reply_is_told_how_to_end():
    assert question_text("Which is even?", ["1", "2"]).splitlines() == [
        "Which is even?",
        "A. 1",
        "B. 2",
        "End your reply with 'The answer is (X).', X being the right letter.",
    ]


def test_a_question_without_options_stays_as_it_is():
    assert question_text(" Why?\n", []) == " Why?\n"


def test_more_options_than_letters_are_refused():
    with pytest.raises(ValueError, match="27 options, but only 26 letters"):
        question_text("Which?", ["x"] * 27)


def test_who_is_told_to_reply_with_json_may_call_a_tool_first():
    asked = Prompt.of("Why?", Sampling(format=JsonFormat()))
    assert formatted(asked).messages[0].content.startswith("Reply with one JSON object")
    told = formatted(replace(asked, toolbox=TOOLBOX)).messages[0].content
    assert told.startswith("Unless you call a tool: ")
