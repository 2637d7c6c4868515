"""Votes, worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.evaluation.votes import elected, naive_bayes, top, voted
from tests.tables import table

ONES = np.ones((1, 3))


def test_the_best_come_first_and_ties_go_to_the_lower_column():
    assert top(np.array([[0.2, 0.9, 0.5, 0.9]]), 3).tolist() == [[1, 3, 2]]


@pytest.mark.parametrize(
    ("answers", "winner"),
    [([0, 1, 1], 1), ([0, 1, 2], 0), ([-1, 1, 2], 1), ([-1, -1, 2], 2), ([-1, -1, -1], 0)],
    ids=["majority", "a tie goes to the better", "silence has no vote", "one speaks", "nobody"],
)
def test_the_answer_of_most_wins(answers, winner):
    assert elected(np.array([answers]), ONES).tolist() == [winner]


def test_one_heavy_vote_beats_two_light_ones():
    assert elected(np.array([[0, 1, 1]]), np.array([[3.0, 1.0, 1.0]])).tolist() == [0]


def test_where_nobody_answers_the_first_that_replied_counts():
    replied = np.array([[False, True, True]])
    assert elected(np.array([[-1, -1, -1]]), ONES, replied).tolist() == [1]


def test_a_panel_costs_what_its_members_cost():
    made = table([[1, 0, 0], [0, 1, 1]], [[0, 1, 1], [0, 1, 1]], costs=[[1, 2, 4]] * 2)
    found = voted(made, np.array([[3.0, 2.0, 1.0]] * 2), 3)
    assert found.scores.tolist() == [0.0, 1.0]
    assert (found.mean_calls, found.mean_dollars) == (3.0, 7.0)
    assert voted(made, np.array([[3.0, 2.0, 1.0]] * 2), 1).mean_dollars == 1.0


def test_a_dearer_panel_of_unknown_price_has_no_price():
    made = table([[1, 0]], costs=[[1, np.nan]])
    assert voted(made, np.array([[2.0, 1.0]]), 2).mean_dollars is None


def test_a_vote_weighs_its_log_odds():
    weights = naive_bayes(np.array([0.5, 0.9]), np.array([2, 10]))
    assert weights[0].tolist() == pytest.approx([0.0, math.log(9)])
    assert weights[1].tolist() == pytest.approx([math.log(9), math.log(81)])
    assert np.isfinite(naive_bayes(np.array([0.0, 1.0]), np.array([1]))).all()


@given(arrays(np.int64, (6, 5), elements=st.integers(-1, 3)), st.integers(1, 5))
def test_the_winner_is_on_the_panel_and_speaks_if_anyone_does(answers, size):
    made = table(np.where(answers == 0, 1.0, 0.0), answers)
    found = elected(answers[:, :size], np.ones((6, size)))
    spoken = np.take_along_axis(answers[:, :size], found[:, None], axis=1)[:, 0]
    assert ((spoken >= 0) == (answers[:, :size] >= 0).any(axis=1)).all()
    assert (voted(made, np.ones((6, 5)), size).scores <= made.graded.max(axis=1)).all()
