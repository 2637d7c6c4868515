"""Calibration of forecasts whose quality is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.evaluation.calibration import calibration


def test_two_bins_by_hand():
    found = calibration(np.array([0.6] * 4 + [0.9] * 4), np.array([1.0, 1, 0, 0, 1, 1, 1, 1]))
    assert [(b.confidence, b.accuracy, b.count) for b in found.bins] == [
        (pytest.approx(0.6), 0.5, 4),
        (pytest.approx(0.9), 1.0, 4),
    ]
    assert found.ece == pytest.approx(0.1)
    # 2 x 0.4^2 + 2 x 0.6^2 + 4 x 0.1^2 over 8; 6 of 8 right
    assert found.brier == pytest.approx((0.32 + 0.72 + 0.04) / 8)
    assert found.brier_of_rate == pytest.approx(0.75 * 0.25)


def test_a_calibrated_forecast_errs_as_much_as_chance_makes_it():
    random = np.random.default_rng(7)
    said = random.random(4000)
    found = calibration(said, (random.random(4000) < said).astype(float))
    assert len(found.bins) == 15
    assert found.ece < found.ece95 < 0.05
    assert found.expected_ece < found.ece95


def test_an_overconfident_forecast_is_found_out():
    random = np.random.default_rng(7)
    said = np.full(2000, 0.9) + random.random(2000) / 100
    found = calibration(said, (random.random(2000) < 0.7).astype(float))
    assert found.ece == pytest.approx(0.2, abs=0.03)
    assert found.ece > found.ece95


def test_sure_and_wrong_costs_much_but_not_everything():
    assert np.isfinite(calibration(np.array([1.0, 0.0]), np.array([0.0, 1.0])).log_loss)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=60))
def test_bins_hold_every_question_once_and_equal_confidences_stay_together(pairs):
    said, right = (np.array(values) for values in zip(*pairs, strict=True))
    found = calibration(said, right)
    assert sum(b.count for b in found.bins) == found.questions == len(pairs)
    assert len(found.bins) <= min(15, len(np.unique(said)))
    assert 0 <= found.ece <= 1
    assert sum(b.count * b.accuracy for b in found.bins) == pytest.approx(right.sum())
