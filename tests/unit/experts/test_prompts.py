"""The texts that surround a question."""

import pytest

from experts.prompts import question_text


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
