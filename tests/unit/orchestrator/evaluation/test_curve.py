"""Hulls and budgets."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.evaluation.curve import Mixture, at_budget, cross_fitted, hull, mixture

SPENT = np.array([1.0, 2.0, 3.0, 5.0, 2.0])
RIGHT = np.array([0.5, 0.55, 0.8, 0.7, 0.4])  # the second is under the line from first to third


def test_the_hull_leaves_out_what_a_mixture_beats():
    assert hull(SPENT, RIGHT) == [0, 2]


def test_of_equally_dear_settings_the_better_stays():
    assert hull(np.array([1.0, 1.0]), np.array([0.2, 0.3])) == [1]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (0.9, None),
        (1.0, Mixture(0, 2, 1.0)),
        (1.5, Mixture(0, 2, 0.75)),
        (3.0, Mixture(2, 2, 1.0)),
        (9.0, Mixture(2, 2, 1.0)),
    ],
)
def test_a_budget_buys_a_mixture_of_two(budget, expected):
    assert mixture(SPENT, RIGHT, budget) == expected


def test_time_is_shared_on_every_question():
    spent = np.array([[1.0, 1.0], [3.0, 3.0]])
    scores = np.array([[0.0, 1.0], [1.0, 1.0]])
    assert at_budget(spent, scores, 2.0).tolist() == [0.5, 1.0]
    assert at_budget(spent, scores, 0.5) is None


def test_luck_in_picking_is_taken_back():
    # many settings of pure chance: the best looks good, and is not
    spent = np.ones((50, 60))
    picked, fair = [], []
    for seed in range(40):
        scores = (np.random.default_rng(seed).random(spent.shape) < 0.5).astype(float)
        picked.append(at_budget(spent, scores, 1.0).mean())
        fair.append(cross_fitted(spent, scores, 1.0))
    assert np.mean(picked) > 0.6
    assert np.mean(fair) == pytest.approx(0.5, abs=0.02)


def test_one_setting_loses_nothing_to_cross_fitting():
    scores = np.array([[1.0, 0.0, 1.0, 0.0]])
    assert cross_fitted(np.ones_like(scores), scores, 1.0) == pytest.approx(0.5)
    assert cross_fitted(np.ones((1, 1)), np.ones((1, 1)), 1.0) is None
    assert cross_fitted(np.ones_like(scores), scores, 0.5) is None


POINTS = st.lists(st.tuples(st.floats(1, 9), st.floats(0, 1)), min_size=1, max_size=12)


@given(POINTS)
def test_the_hull_is_on_or_above_every_point_and_rises(points):
    spent, right = (np.array(values) for values in zip(*points, strict=True))
    heights = []
    for budget, accuracy in sorted(points):
        first, second, share = mixture(spent, right, budget)
        height = share * right[first] + (1 - share) * right[second]
        assert height >= accuracy - 1e-9
        assert share * spent[first] + (1 - share) * spent[second] <= budget + 1e-6
        heights.append(height)
    assert all(b >= a - 1e-9 for a, b in pairwise(heights))
