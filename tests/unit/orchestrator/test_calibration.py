"""Calibration: a planted distortion is undone, and nothing is made of too little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.calibration import AS_IS, EDGE, Calibration

LINES = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 10)), min_size=1, max_size=4)


def logit(p):
    return np.log(p / (1 - p))


def true_at(believed, intercept, slope):
    return 1 / (1 + np.exp(-intercept - slope * logit(believed)))


def drawn(believed, intercept, slope, seed=0):
    chance = np.random.default_rng(seed).random(believed.shape)
    return chance < true_at(believed, intercept, slope)


def test_without_evidence_a_belief_stays_as_it_is():
    empty = np.zeros((0, 3))
    fitted = Calibration.fit(empty, empty.astype(int), empty.astype(bool))
    for calibration in (AS_IS, fitted):
        for belief in (0.1, 0.5, 0.93):
            assert calibration(belief, 1) == pytest.approx(belief)
        assert calibration(0.0, 0) == 0.0


def test_little_evidence_moves_it_a_little():
    def after(wrong):
        believed = np.full((wrong, 1), 0.9)
        return Calibration.fit(believed, np.ones((wrong, 1), int), believed > 1)(0.9, 1)

    assert after(100) < 0.05 < after(3) < 0.5 < after(1) < 0.9


def test_a_planted_distortion_is_recovered():
    rng = np.random.default_rng(1)
    believed = rng.uniform(0.05, 0.99, (20_000, 2))
    votes = np.tile([1, 2], (20_000, 1))
    right = np.column_stack([drawn(believed[:, 0], -0.5, 0.6), drawn(believed[:, 1], 0.3, 1.5, 2)])
    fitted = Calibration.fit(believed, votes, right)
    for belief in (0.3, 0.6, 0.9):
        assert fitted(belief, 1) == pytest.approx(true_at(belief, -0.5, 0.6), abs=0.02)
        assert fitted(belief, 2) == pytest.approx(true_at(belief, 0.3, 1.5), abs=0.02)
        assert fitted(belief, 9) == fitted(belief, 2)  # more votes than ever seen


def test_a_number_of_votes_seldom_seen_leans_on_the_others():
    believed = np.random.default_rng(1).uniform(0.05, 0.99, 5000)
    votes = np.where(np.arange(5000) < 4, 2, 1)
    fitted = Calibration.fit(believed, votes, drawn(believed, -1.0, 1.0))
    assert fitted(0.8, 2) == pytest.approx(fitted(0.8, 1), abs=0.1)


@pytest.mark.parametrize("count", [100, 10_000])
def test_a_belief_that_is_as_firm_as_it_is_wrong_is_believed_no_more(count):
    believed = np.full((count, 1), 1 - EDGE)
    fitted = Calibration.fit(believed, np.ones((count, 1), int), np.zeros((count, 1), bool))
    assert fitted(1 - EDGE, 1) < 0.1


def test_it_is_never_turned_upside_down():
    believed = np.random.default_rng(1).uniform(0.05, 0.95, 5000)
    right = ~drawn(believed, 0.0, 2.0)  # the firmer, the likelier to be wrong
    fitted = Calibration.fit(believed, np.ones(5000, int), right)
    assert 0.3 < fitted(0.2, 1) <= fitted(0.8, 1) < 0.7


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0, 1))
def test_it_is_monotone_for_every_number_of_votes(seed, count, share):
    rng = np.random.default_rng(seed)
    believed = rng.random((count, 3)) * (rng.random((count, 3)) < 0.8)
    votes = np.cumsum(believed > 0, axis=1)
    fitted = Calibration.fit(believed, votes, rng.random((count, 3)) < share)
    for number in range(5):
        found = [fitted(belief, number) for belief in np.linspace(0, 1, 21)]
        assert found == sorted(found)
        assert 0 <= found[0] <= found[-1] <= 1


@given(LINES, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6))))
def test_many_are_the_same_as_one(lines, asked):
    calibration = Calibration(tuple(lines))
    beliefs = np.array([belief for belief, _ in asked])
    votes = np.array([number for _, number in asked], int)
    alone = [calibration(belief, number) for belief, number in asked]
    assert calibration.of(beliefs, votes).tolist() == pytest.approx(alone)
