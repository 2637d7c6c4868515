"""Recordings become arrays that say the same."""

import numpy as np
import pytest

from experts.recordings import RecordedReply
from orchestrator.evaluation.table import UNLABELLED, Table
from orchestrator.grading import score_of
from tests.recordings import recorded, scored

EXPERTS = ("ada", "ben", "cleo")


def of(*recordings, experts=EXPERTS):
    return Table.of(recordings, experts, np.zeros((len(recordings), 2), np.float32))


def test_equal_answers_are_equal_numbers_and_right_ones_score():
    made = of(recorded("q", "7", ada="The answer is 7.", ben="7.0", cleo="8"))
    assert made.answers[0, 0] == made.answers[0, 1] != made.answers[0, 2]
    assert made.scores.tolist() == [[1.0, 1.0, 0.0]]


def test_choices_are_read_with_their_options():
    made = of(recorded("q", "B", options=("red", "blue"), ada="blue", ben="(B)", cleo="A"))
    assert made.scores.tolist() == [[1.0, 1.0, 0.0]]
    assert made.possible.tolist() == [2]


def test_no_reply_has_no_score_no_answer_and_costs_nothing():
    made = of(recorded("q", "7", ada="7", ben=RecordedReply("7", cost_usd=0.5)))
    assert np.isnan(made.scores[0, 2])
    assert made.answers[0, 2] == -1
    assert (made.costs[0, 1], made.costs[0, 2]) == (0.5, 0.0)
    assert np.isnan(made.costs[0, 0])
    assert made.graded.tolist() == [[1.0, 1.0, 0.0]]


def test_a_reply_without_a_readable_answer_is_wrong_and_votes_for_nothing():
    made = of(recorded("q", "7", ada=None, ben="7", cleo="7"))
    assert (made.scores[0, 0], made.answers[0, 0]) == (0.0, -1)


def test_scores_alone_agree_with_nobody():
    made = of(scored("q", ada=1.0, ben=1.0, cleo=0.5))
    assert len(set(made.answers[0].tolist())) == 3
    assert not made.votable
    assert of(recorded("q", "7", ada="1", ben="1")).votable


def test_a_score_in_the_file_goes_before_the_answer():
    assert of(recorded("q", "7", ada=RecordedReply("7", score=0.25))).scores[0, 0] == 0.25


def test_without_gold_and_without_a_score_nothing_is_known():
    assert np.isnan(of(recorded("q", None, ada="7")).scores).all()


def test_scores_are_those_of_replay():
    recordings = [
        recorded("q", "B", options=("x", "y"), ada="A", ben="y", cleo=None),
        recorded("r", "7", ada="7", ben=RecordedReply(text="It is 7. The answer is 7.")),
        scored("s", ada=0.5, ben=1.0, cleo=0.0),
    ]
    made = of(*recordings)
    for row, recording in enumerate(recordings):
        for column, expert in enumerate(EXPERTS):
            assert made.graded[row, column] == (score_of(recording, expert) or 0.0)


def test_rows_can_be_picked_and_joined():
    made = of(recorded("q", "7", ada="7"), recorded("r", "7", category=None, ada="8"))
    assert made.categories.tolist() == ["any", UNLABELLED]
    swapped = Table.joined([made[np.array([1])], made[np.array([0])]])
    assert swapped.scores[:, 0].tolist() == [0.0, 1.0]
    assert len(swapped) == len(swapped.questions) == 2


def test_a_table_of_nothing_has_its_columns():
    assert of().scores.shape == (0, 3)
    assert pytest.approx(of().graded.sum()) == 0.0
