"""Small tables for tests of evaluation: scores and answers written out by hand."""

import numpy as np

from orchestrator.evaluation.outcomes import Outcome
from orchestrator.evaluation.table import Table


def table(scores, answers=None, *, categories=None, vectors=None, costs=None, possible=10):
    """Experts are named a, b, c...; without answers, everyone says something else."""
    scores = np.array(scores, np.float64)
    count, width = scores.shape
    said = np.tile(np.arange(width), (count, 1)) if answers is None else answers
    return Table(
        tuple("abcdefghijklmnop"[:width]),
        scores,
        np.array(said, np.int64),
        np.full(scores.shape, np.nan) if costs is None else np.array(costs, np.float64),
        np.full(count, possible),
        np.array(categories or ["any"] * count),
        np.ones((count, 1), np.float32) if vectors is None else np.array(vectors, np.float32),
    )


def outcome(scores, calls=1.0, dollars=np.nan, confidence=np.nan):
    """An outcome from its scores; everything else the same on every question."""
    scores = np.array(scores, np.float64)
    rest = (np.broadcast_to(np.array(part, np.float64), scores.shape) for part in
            (calls, dollars, confidence))  # fmt: skip
    return Outcome(scores, *rest)
