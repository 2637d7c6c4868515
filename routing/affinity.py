"""Affinity: how an expert's success varies with the question's embedding, beyond named skills.

A ridge regression of every expert's surprises (score minus its overall rate) on the embedding, in
two parts with a ridge of its own each: what all experts share (some questions are harder for
everyone) and what sets each expert apart. How strong the ridges are is decided by generalised
cross-validation (Golub, Heath and Wahba 1979), never by taste.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.encoder import Vectors
from routing.types import Vector

FEWEST = 50  # graded questions under which there is nothing to regress on
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)

Scores = NDArray[np.float64]  # shape (questions, experts), 0..1, NaN where an expert was not asked


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """Slopes, shape (experts, dimension), and gains at the origin, shape (experts,)."""

    experts: tuple[str, ...]
    slopes: Vectors
    base: Vector

    @classmethod
    def none(cls, experts: Sequence[str]) -> "Affinity":
        """Where there is too little evidence: no gain for anyone."""
        count = len(experts)
        return cls(tuple(experts), np.zeros((count, 0), np.float32), np.zeros(count, np.float32))

    @classmethod
    def fit(
        cls,
        experts: Sequence[str],
        vectors: Vectors,
        scores: Scores,
        overall: NDArray[np.float64],
    ) -> "Affinity":
        """From graded questions, vectors of shape (questions, dimension). `overall` is each
        expert's rate, shape (experts,)."""
        if len(vectors) < FEWEST or not experts:
            return cls.none(experts)
        surprise = np.nan_to_num(scores - overall)
        graded = np.maximum((~np.isnan(scores)).sum(axis=1, keepdims=True), 1)
        shared = surprise.sum(axis=1, keepdims=True) / graded
        own = np.where(np.isnan(scores), 0.0, surprise - shared)
        centre = vectors.mean(axis=0, dtype=np.float64)
        centred = vectors - centre
        spectrum, axes = np.linalg.eigh(centred.T @ centred)
        rotated = centred @ axes
        slopes = axes @ (_ridge(rotated, spectrum, shared) + _ridge(rotated, spectrum, own))
        slopes_of = np.ascontiguousarray(slopes.T, np.float32)
        return cls(tuple(experts), slopes_of, (-centre @ slopes).astype(np.float32))

    def over(self, experts: Sequence[str]) -> "Affinity":
        """The same for exactly these experts, no gain for those that were not known."""
        here = np.array([i for i, name in enumerate(experts) if name in self.experts], np.intp)
        there = [self.experts.index(experts[i]) for i in here]
        slopes = np.zeros((len(experts), self.slopes.shape[1]), np.float32)
        base = np.zeros(len(experts), np.float32)
        slopes[here], base[here] = self.slopes[there], self.base[there]
        return Affinity(tuple(experts), slopes, base)

    def gains(self, vector: Vector) -> NDArray[np.float64]:
        """What the question adds to each expert's overall rate, shape (experts,)."""
        if not self.slopes.shape[1]:
            return self.base.astype(np.float64)
        return (self.slopes @ vector + self.base).astype(np.float64)

    def __bool__(self) -> bool:
        return bool(self.slopes.shape[1])


def _ridge(
    rotated: NDArray[np.float64], spectrum: NDArray[np.float64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coefficients on the principal axes, shape (dimension, targets)."""
    spectrum = spectrum.clip(0.0)
    pulls = rotated.T @ target
    energy, total = (pulls**2).sum(axis=1), (target**2).sum()
    count = len(rotated)

    def validated(ridge: float) -> float:
        shrunk = 1 / (spectrum + ridge)
        rest = total - (energy * (2 * shrunk - spectrum * shrunk**2)).sum()
        freedom = (spectrum * shrunk).sum() + 1
        return float(rest / max(count - freedom, 1e-3) ** 2)

    best = min(RIDGES, key=validated)
    return pulls / (spectrum + best)[:, None]
