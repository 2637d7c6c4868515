"""Replay: recorded answers go through the deliberation that production runs."""

import pytest

from experts.recordings import RecordedReply
from orchestrator.agreement import Likeness
from orchestrator.errors import PanelFailed
from orchestrator.grading import gold_of, open_answers, question_of, score_of
from orchestrator.policies import Policy
from orchestrator.replay import replay
from routing.router import Recruiting
from tests.recordings import recorded, scored
from tests.routes import route_of

VOTE = Policy(Recruiting("vote"))
THREE = {"ada": 0.7, "ben": 0.6, "cleo": 0.5}


def test_the_vote_of_recorded_answers():
    verdict = replay(recorded("q", "2", ada="1", ben="2", cleo="2"), route_of(THREE), VOTE)
    assert (verdict.answer, verdict.author, verdict.calls) == ("2", "ben", 3)


def test_with_a_confidence_fewer_are_asked():
    policy = Policy(Recruiting("auto"), confidence=0.8)
    verdict = replay(recorded("q", "1", ada="1", ben="1", cleo="2"), route_of(THREE), policy)
    assert (verdict.answer, verdict.calls) == ("1", 2)


def test_where_an_aggregator_would_write_the_vote_decides():
    policy = Policy(Recruiting("synthesize"), "synthesize")
    verdict = replay(recorded("q", "1", ada="1", ben="2", cleo="2"), route_of(THREE), policy)
    assert (verdict.answer, verdict.aggregator, verdict.calls) == ("2", "vote", 3)


def test_an_expert_without_a_reply_has_failed():
    verdict = replay(recorded("q", "1", cleo="1"), route_of(THREE), VOTE)
    assert (verdict.author, verdict.calls, verdict.agreement) == ("cleo", 3, 1.0)
    with pytest.raises(PanelFailed, match="the file holds no reply of this expert"):
        replay(recorded("q", "1"), route_of(THREE), VOTE)


def test_an_unread_answer_does_not_vote():
    verdict = replay(
        recorded("q", "1", ada=None, ben="1"), route_of({"ada": 0.9, "ben": 0.5}), VOTE
    )
    assert (verdict.answer, verdict.author) == ("1", "ben")


def test_replies_known_by_score_alone_agree_with_nobody():
    verdict = replay(scored("q", ada=1.0, ben=1.0, cleo=0.0), route_of(THREE), VOTE)
    assert (verdict.author, verdict.agreement) == ("ada", pytest.approx(1 / 3))


def test_a_text_without_an_answer_is_read():
    long = RecordedReply(text="We count. The answer is 1,000.")
    assert replay(recorded("q", "1000", ada=long), route_of({"ada": 0.9}), VOTE).answer == "1000"


def test_the_cost_of_a_reply_is_kept():
    dear = RecordedReply("1", cost_usd=0.25)
    verdict = replay(recorded("q", "1", ada=dear, ben=dear), route_of(THREE), VOTE)
    assert verdict.usage.cost_usd == 0.5


SCORES = {
    "right": (recorded("q", "2.0", ada="2"), 1.0),
    "wrong": (recorded("q", "2", ada="3"), 0.0),
    "a score beats the answer": (recorded("q", "2", ada=RecordedReply("2", 0.25)), 0.25),
    "unread": (recorded("q", "2", ada=None), 0.0),
    "missing": (recorded("q", "2", ben="2"), 0.0),
    "missing and no gold": (scored("q", ben=1.0), None),
    "no gold": (recorded("q", None, ada="2"), None),
    "score without gold": (scored("q", ada=0.5), 0.5),
    "choice by letter": (recorded("q", "B", options=("x", "y"), ada="(b)"), 1.0),
    "choice by words": (recorded("q", "B", options=("x", "y"), ada="Y."), 1.0),
    "text": (recorded("q", "2", ada=RecordedReply(text="The answer is 2.")), 1.0),
}


@pytest.mark.parametrize(("recording", "score"), SCORES.values(), ids=SCORES)
def test_how_right_an_expert_was(recording, score):
    assert score_of(recording, "ada") == score


def test_the_right_answer_has_the_form_of_verdicts():
    assert gold_of(recorded("q", "1,000.0")) == "1000"
    assert gold_of(recorded("q", "y", options=("x", "y"))) == "B"
    assert gold_of(recorded("q", None)) is None


def test_a_question_carries_no_answers():
    question = question_of(recorded("q", "1", category="law", options=("1", "2"), ada="1"))
    assert (question.text, question.options, question.category) == ("q", ("1", "2"), "law")


def test_open_answers_that_are_the_same_are_counted_as_one():
    recording = recorded("q", "1/2", ada="7", ben="1/2", cleo="0.5")
    verdict = replay(recording, route_of(THREE), VOTE)
    assert (verdict.answer, verdict.author) == ("1/2", "ben")


def test_what_a_comparer_found_out_is_counted():
    recording = recorded("q", "x+1", ada="7", ben="x + 1", cleo="1 + x")
    assert open_answers(recording) == ["7", "x+1", "1+x"]
    assert replay(recording, route_of(THREE), VOTE).answer == "7"
    likeness = Likeness(equal=frozenset({frozenset(("x+1", "1+x"))}))
    assert replay(recording, route_of(THREE), VOTE, likeness=likeness).answer == "x+1"
