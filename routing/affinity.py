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
from routing.exact import products, table_on_grid
from routing.types import Vector

FEWEST = 50  # graded questions under which there is nothing to regress on
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)

Scores = NDArray[np.float64]  # shape (questions, experts), 0..1, NaN where an expert was not asked


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """Slopes on the grid, shape (experts, dimension), and gains at the origin, shape (experts,)."""

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
        asked = ~np.isnan(scores)
        anyone = asked.any(axis=1, keepdims=True)
        surprise = np.nan_to_num(scores - overall)
        shared = surprise.sum(axis=1, keepdims=True) / asked.sum(axis=1, keepdims=True).clip(1)
        own = np.where(asked, surprise - shared, 0.0)
        centre = vectors.mean(axis=0, dtype=np.float64)
        axes = _Axes.of(vectors - centre)
        slopes = axes.ridge(shared, anyone.sum(axis=0)) + axes.ridge(own, asked.sum(axis=0))
        return cls(tuple(experts), table_on_grid(slopes.T), (-centre @ slopes).astype(np.float32))

    def over(self, experts: Sequence[str]) -> "Affinity":
        """The same for exactly these experts, no gain for those that were not known."""
        here = np.array([i for i, name in enumerate(experts) if name in self.experts], np.intp)
        there = [self.experts.index(experts[i]) for i in here]
        slopes = np.zeros((len(experts), self.slopes.shape[1]), np.float32)
        base = np.zeros(len(experts), np.float32)
        slopes[here], base[here] = self.slopes[there], self.base[there]
        return Affinity(tuple(experts), slopes, base)

    def gains(self, vectors: Vectors) -> NDArray[np.float64]:
        """What each question adds to each expert's overall rate, shape (questions, experts)."""
        if not self:
            return np.zeros((len(vectors), len(self.experts)))
        return products(vectors, self.slopes).astype(np.float64) + self.base

    def __bool__(self) -> bool:
        return bool(self.slopes.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class _Axes:
    """Centred questions, shape (questions, dimension), and their principal axes (columns)."""

    centred: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def of(cls, centred: NDArray[np.float64]) -> "_Axes":
        spectrum, axes = np.linalg.eigh(centred.T @ centred)
        return cls(centred, spectrum.clip(0.0), axes)

    def ridge(self, target: NDArray[np.float64], asked: NDArray[np.intp]) -> NDArray[np.float64]:
        """Slopes, shape (dimension, targets), towards targets of shape (questions, targets) that
        are 0 where nobody was asked; `asked` counts the others. A target that was asked at a third
        of the questions has a third of the spectrum: they count as drawn without regard to where
        they lie, which spares a decomposition for each expert."""
        pulls = self.axes.T @ (self.centred.T @ target)
        spread = self.spectrum[:, None] * (asked / len(target))
        squares = (target**2).sum()

        def validated(ridge: float) -> float:
            shrunk = 1 / (spread + ridge)
            rest = squares - (pulls**2 * (2 * shrunk - spread * shrunk**2)).sum()
            freedom = (spread * shrunk).sum() + asked.size
            return float(rest / max(asked.sum() - freedom, 1e-3) ** 2)

        slopes: NDArray[np.float64] = self.axes @ (pulls / (spread + min(RIDGES, key=validated)))
        return slopes
