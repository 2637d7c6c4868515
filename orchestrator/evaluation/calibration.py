"""Whether a verdict's confidence is what it says: P(right)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.evaluation.table import Floats, Ints

BINS = 15
SIMULATIONS = 500
EDGE = 1e-3  # log-loss takes nothing for surer than this, or one verdict could make it infinite


@dataclass(frozen=True, slots=True)
class Bin:
    """Verdicts of similar confidence."""

    confidence: float  # mean
    accuracy: float  # mean score
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """ECE: mean distance of confidence and accuracy, over bins of equal mass.

    Even a perfect forecast has one above 0 in a finite sample: `expected_ece` is its mean and
    `ece95` its 95th percentile, simulated from the very confidences that were given.
    """

    ece: float
    expected_ece: float
    ece95: float
    brier: float
    brier_of_rate: float  # of always saying the mean: what is to be beaten
    log_loss: float
    bins: tuple[Bin, ...]
    questions: int


def calibration(confidence: Floats, scores: Floats, seed: int = 0) -> Calibration:
    """Shapes (questions,), both 0..1; scores may be partly right."""
    home = _bins(confidence)
    count = home.max() + 1
    mass = np.bincount(home, minlength=count)
    said = np.bincount(home, confidence, count)
    random = np.random.default_rng(seed)
    ideal = [
        _ece(said, np.bincount(home, random.random(len(confidence)) < confidence, count))
        for _ in range(SIMULATIONS)
    ]
    right = np.bincount(home, scores, count)
    sure = confidence.clip(EDGE, 1 - EDGE)
    losses = scores * np.log(sure) + (1 - scores) * np.log(1 - sure)
    return Calibration(
        ece=_ece(said, right) / len(scores),
        expected_ece=float(np.mean(ideal)) / len(scores),
        ece95=float(np.percentile(ideal, 95)) / len(scores),
        brier=float(((confidence - scores) ** 2).mean()),
        brier_of_rate=float(scores.var()),
        log_loss=float(-losses.mean()),
        bins=tuple(
            Bin(s / m, r / m, m)
            for s, r, m in zip(said.tolist(), right.tolist(), mass.tolist(), strict=True)
        ),
        questions=len(scores),
    )


def _ece(said: NDArray[Any], right: NDArray[Any]) -> float:
    """Summed over questions."""
    return float(np.abs(said - right).sum())


def _bins(confidence: Floats) -> Ints:
    """A bin for each, of equal mass as far as equal confidences allow: they stay together."""
    edges = np.quantile(confidence, np.linspace(0, 1, BINS + 1)[1:-1])
    raw = np.searchsorted(np.unique(edges), confidence, side="right")
    _, dense = np.unique(raw, return_inverse=True)
    homes: Ints = dense
    return homes
