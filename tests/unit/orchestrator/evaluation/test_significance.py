"""Paired tests, against figures worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.evaluation.significance import mcnemar, paired, permutation, wilson


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_the_interval_holds_the_mean_and_stays_inside_0_and_1(mean, count):
    low, high = wilson(mean, count)
    assert 0 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= 1


def test_against_itself_nothing_differs():
    scores = np.array([1.0, 0.0, 1.0, 0.5])
    (found,) = paired(scores, scores)
    assert (found.difference, found.ci95, found.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_mcnemar_is_a_fair_coin():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(6, 0) == pytest.approx(2 / 64)
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 64)


def test_whole_scores_are_tested_by_mcnemar():
    ours, theirs = np.array([1.0] * 6 + [0.0] * 4), np.zeros(10)
    (found,) = paired(ours, theirs)
    assert found.difference == 0.6
    assert found.p_value == pytest.approx(2 / 64)
    assert found.ci95 == pytest.approx((0.3, 0.9), abs=0.11)


def test_parts_of_scores_are_tested_by_permutation():
    # of 2^6 sign flips two are as extreme
    (value,) = permutation(np.full((1, 6), 0.5))
    assert value == pytest.approx(2 / 64, abs=0.006)


def test_the_bootstrap_interval_is_that_of_the_mean():
    gaps = np.random.default_rng(1).normal(0.1, 1.0, 2000)
    (found,) = paired(gaps, np.zeros(2000))
    half = 1.96 * gaps.std() / np.sqrt(2000)
    assert found.ci95 == pytest.approx((gaps.mean() - half, gaps.mean() + half), abs=0.006)


def test_rivals_are_told_apart_and_each_result_is_the_same_again():
    ours = np.array([1.0, 1.0, 0.0, 1.0])
    rivals = np.array([[1.0, 0.0, 0.0, 0.5], [0.0, 1.0, 1.0, 0.0]])
    found = paired(ours, rivals)
    assert [f.difference for f in found] == [0.375, 0.25]
    assert found == paired(ours, rivals)
    assert found[1] == paired(ours, rivals[1])[0]
