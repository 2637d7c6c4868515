"""Rates learned from what was seen: exact where it can be told, and hard to mislead."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from experts.engines.estimates import FADE, HUBER, NOISE, RECENT, SPREAD, Estimate

RATES = st.tuples(st.floats(1e-4, 1e-1), st.floats(1e-6, 1e-3))
FACTORS = st.tuples(st.floats(0.1, 10), st.floats(0.1, 10))


def seen(random, rates, *, noise=0.0, outliers=0.0):
    """A second of an engine's passes, replies alone or with prompts among them."""
    steps = float(random.integers(20, 200))
    tokens = steps * 2 ** random.uniform(0, 6) + (random.random() < 0.3) * random.integers(4000)
    seconds = rates[0] * steps + rates[1] * tokens
    seconds *= math.exp(random.normal(0, noise)) * (10 if random.random() < outliers else 1)
    return seconds, steps, tokens


def learned(known, rates, count, *, seed=0, **errors):
    random = np.random.default_rng(seed)
    estimate = Estimate(known)
    for _ in range(count):
        estimate = estimate.after(*seen(random, rates, **errors))
    return estimate


def worst(estimate, rates):
    """How far the seconds of one pass are off, at its worst, as a share."""
    passes = [(1, 1), (1, 8), (1, 64)]
    return max(abs(estimate.seconds(*each) / np.dot(rates, each) - 1) for each in passes)


@given(RATES)
def test_at_first_nothing_but_the_known_is_expected(known):
    assert Estimate(known).rates == pytest.approx(known)


@pytest.mark.parametrize("wrong", [(1, 1), (10, 0.1), (0.1, 10), (10, 10), (0.1, 0.1)])
@pytest.mark.parametrize("rates", [(7e-3, 2e-5), (2e-3, 3e-4), (3e-2, 1e-3)])
def test_twenty_noisy_observations_correct_a_prior_that_is_wrong_by_ten(rates, wrong):
    known = tuple(rate * factor for rate, factor in zip(rates, wrong, strict=True))
    off = [
        worst(learned(known, rates, 20, seed=seed, noise=0.05, outliers=0.05), rates)
        for seed in range(20)
    ]
    assert np.median(off) < 0.1
    assert max(off) < 0.25


def test_a_single_rate_is_within_ten_per_cent_after_ten_observations():
    random = np.random.default_rng(1)
    for known in (0.4, 4.0, 40.0):
        estimate = Estimate((known,))
        for _ in range(10):
            estimate = estimate.after(4.0 * math.exp(random.normal(0, 0.1)), 1)
        assert estimate.seconds(1) == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("times", [0.01, 0.1, 10, 1000])
@pytest.mark.parametrize("rates", [(7e-3, 2e-5), (2e-3, 3e-4), (3e-2, 1e-3)])
def test_one_outlier_hardly_moves_what_is_known(rates, times):
    for seed in range(20):
        estimate = learned(rates, rates, 20, seed=seed)
        seconds, *amounts = seen(np.random.default_rng(seed), rates)
        assert worst(estimate.after(seconds * times, *amounts), rates) < 0.15


def test_an_outlier_is_overcome_even_if_it_came_first():
    estimate = Estimate((1.0,)).after(10.0, 1)
    for _ in range(4):
        estimate = estimate.after(1.0, 1)
    assert estimate.seconds(1) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_a_lasting_change_is_followed(factor):
    before, after = (7e-3, 2e-5), (7e-3 * factor, 2e-5 * factor)
    random = np.random.default_rng(2)
    estimate = learned(before, before, 60, noise=0.05)
    for _ in range(20):
        estimate = estimate.after(*seen(random, after, noise=0.05))
    assert worst(estimate, after) < 0.2


def test_what_recent_observations_cannot_tell_stays_known():
    rates = (5e-3, 1e-4)
    estimate = learned(tuple(3 * rate for rate in rates), rates, RECENT)
    for _ in range(4 * RECENT):  # one reply at a time: hardly a trace of the price of a token
        estimate = estimate.after(100 * rates[0] + 100 * rates[1], 100, 100)
    assert estimate.rates == pytest.approx(rates, rel=0.1)


@given(RATES, FACTORS, st.integers(0, 60), st.integers(0, 99))
def test_rates_are_positive_and_finite_whatever_is_seen(rates, wrong, count, seed):
    known = tuple(rate * factor for rate, factor in zip(rates, wrong, strict=True))
    estimate = learned(known, rates, count, seed=seed, noise=1.0, outliers=0.3)
    assert all(math.isfinite(rate) and rate > 0 for rate in estimate.rates)
    assert len(estimate.recent) <= RECENT


@pytest.mark.parametrize(
    ("seconds", "amounts"),
    [(0.0, (1, 1)), (-1.0, (1, 1)), (math.nan, (1, 1)), (math.inf, (1, 1)), (1.0, (0, 0))],
)
def test_what_tells_nothing_changes_nothing(seconds, amounts):
    estimate = learned((7e-3, 2e-5), (7e-3, 2e-5), 3)
    assert estimate.after(seconds, *amounts) is estimate


@given(RATES, FACTORS, st.integers(1, 12), st.integers(0, 99))
@example((1e-4, 1e-6), (1.75, 0.1015625), 2, 61)  # two peaks; the higher one is further off
@example((0.05714116053381873, 0.0003165965039059962), (1.0, 0.1), 8, 11)  # long and flat
def test_no_rates_around_the_fit_are_much_likelier(rates, wrong, count, seed):
    known = tuple(rate * factor for rate, factor in zip(rates, wrong, strict=True))
    estimate = learned(known, rates, count, seed=seed, noise=0.2, outliers=0.1)

    def loss(found):
        prior = sum((found - np.log(known)) ** 2) / SPREAD**2 / 2
        for age, each in enumerate(reversed(estimate.recent)):
            expected = np.dot(np.exp(found), each.amounts)
            off = abs(math.log(each.seconds / expected)) / NOISE
            huber = off**2 / 2 if off < HUBER else HUBER * (off - HUBER / 2)
            prior += FADE**age * huber
        return prior

    ours = loss(np.log(estimate.rates))
    around = np.log(estimate.rates) + 1e-3 * np.array([(0, 0), (1, 0), (0, 1)])
    nearby = minimize(loss, around[0], method="Nelder-Mead", options={"initial_simplex": around})
    # Where outliers pull both ways the valley is flat, and the last of it is not worth its steps.
    assert ours <= nearby.fun + 2e-2 * max(1.0, nearby.fun)
