"""Votes, counted: the same belief however answers are put, and what may still win."""

import pytest

from experts.types import Answer
from orchestrator.belief import Ballot, Vote
from orchestrator.tally import Tally

BALLOT = Ballot()


def votes(*answers):
    return [Vote(Answer(name, said), said, 0.6) for name, said in zip("abc", answers, strict=False)]


def test_answers_that_are_the_same_are_counted_under_one():
    apart = Tally.of(BALLOT, votes("1/2", "7", "0.5"), {})
    joined = Tally.of(BALLOT, votes("1/2", "7", "0.5"), {"1/2": "1/2", "7": "7", "0.5": "1/2"})
    assert (len(apart.beliefs), len(joined.beliefs)) == (3, 2)
    assert [vote.answer for vote in joined.votes] == ["1/2", "7", "1/2"]
    assert [vote.answer for vote in joined.stated] == ["1/2", "7", "0.5"]
    assert joined.beliefs == Tally.of(BALLOT, votes("1/2", "7", "1/2"), {}).beliefs
    assert joined.leading == "1/2"


def test_what_two_agree_on_may_win_in_each_of_its_ways():
    alike = {"1/2": "1/2", "7": "7", "0.5": "1/2"}
    assert Tally.of(BALLOT, votes("1/2", "7", "0.5"), alike).may_win() == {"1/2", "0.5"}
    assert Tally.of(BALLOT, votes("1/2", "7", "0.5"), {}).may_win() == frozenset()


def test_an_answer_that_nobody_gave_is_believed_as_one_of_the_rest():
    tally = Tally.of(BALLOT, votes("1", "2"), {})
    rest = 1 - sum(tally.beliefs.values())
    assert tally.belief("3") == pytest.approx(rest / 8)
    assert tally.belief("1") == tally.beliefs["1"]


def test_without_votes_nobody_leads():
    tally = Tally.of(BALLOT, [], {})
    assert (tally.leading, tally.beliefs, tally.may_win()) == ("", {}, frozenset())
    assert tally.belief("1") == pytest.approx(0.1)
