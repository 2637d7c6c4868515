"""Intervals and paired tests, with fixed seeds: the same file gives the same figures."""

import math
from dataclasses import dataclass

import numpy as np

from orchestrator.evaluation.table import Floats

RESAMPLES = 2_000
FLIPS = 10_000
BLOCK = 2_000_000  # random numbers at a time, so that memory stays flat


@dataclass(frozen=True, slots=True)
class Paired:
    """How much better one is than another on the same questions."""

    difference: float  # of accuracies
    ci95: tuple[float, float]
    p_value: float  # two-sided


def wilson(mean: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson 1927), which stays inside 0..1."""
    centre = (mean + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(mean * (1 - mean) / count + (z / count / 2) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def paired(ours: Floats, theirs: Floats, seed: int = 0) -> list[Paired]:
    """Ours against each of theirs, shapes (questions,) or (rivals, questions).

    The interval is the paired bootstrap's (percentiles); the p-value is McNemar's exact one where
    all scores are 0 or 1, else that of the paired permutation test.
    """
    gaps = np.atleast_2d(ours - theirs)
    low, high = np.percentile(_resampled(gaps, seed), (2.5, 97.5), axis=0)
    values = _p_values(gaps, seed)
    return [
        Paired(float(gap.mean()), (float(low[i]), float(high[i])), float(values[i]))
        for i, gap in enumerate(gaps)
    ]


def mcnemar(better: int, worse: int) -> float:
    """The exact two-sided p-value of this many questions won and lost (McNemar 1947)."""
    from scipy.stats import binomtest

    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def permutation(gaps: Floats, seed: int = 0) -> Floats:
    """Two-sided p-values of the sign-flip test, for gaps of shape (rivals, questions)."""
    count = gaps.shape[1]
    random = np.random.default_rng(seed)
    size = max(1, BLOCK // count)
    observed = np.abs(gaps.sum(axis=1)) - 1e-9
    beyond = np.zeros(len(gaps))
    for start in range(0, FLIPS, size):
        rounds = min(size, FLIPS - start)
        signs = random.integers(0, 2, (rounds, count), dtype=np.int8).astype(np.float32) * 2 - 1
        beyond += (np.abs(signs @ gaps.T) >= observed).sum(axis=0)
    values: Floats = (beyond + 1) / (FLIPS + 1)
    return values


def _p_values(gaps: Floats, seed: int) -> Floats:
    whole = np.isin(gaps, (-1.0, 0.0, 1.0)).all(axis=1)
    found = np.ones(len(gaps))
    found[whole] = [mcnemar(int((g > 0).sum()), int((g < 0).sum())) for g in gaps[whole]]
    if not whole.all():
        found[~whole] = permutation(gaps[~whole], seed)
    return found


def _resampled(gaps: Floats, seed: int) -> Floats:
    """Mean gaps of questions drawn with replacement, shape (resamples, rivals)."""
    count = gaps.shape[1]
    random = np.random.default_rng(seed)
    size = max(1, BLOCK // count)
    means = []
    for start in range(0, RESAMPLES, size):
        rounds = min(size, RESAMPLES - start)
        drawn = random.integers(0, count, (rounds, count)) + np.arange(rounds)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=rounds * count).reshape(rounds, count)
        means.append(weights @ gaps.T / count)
    return np.concatenate(means)
