"""Routers from the literature, each in a few lines: graded questions in, P(right) out.

A learner is given evidence and questions, and predicts every expert's score on every question,
shape (questions, experts), for each value of its one knob. `tuning` chooses among these.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from orchestrator.evaluation.table import Floats, Questions, Table
from routing.threads import one_thread

Predictions = Mapping[str, Floats]  # the knob's value -> (questions, experts)
Learner = Callable[[Table, Questions], Predictions]

NEIGHBOURS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
CLUSTERS = (2, 4, 8, 16, 32, 64)
RANKS = (1, 2, 4, 8, 16)
RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
STRENGTHS = (0.1, 5.0, 20.0, 80.0, 320.0)
TIE = 0.01  # in outcomes: the overall rate breaks ties and fills gaps, and does nothing else
BLOCK = 256  # questions at a time, so that memory stays flat


def overall(evidence: Table) -> Floats:
    """Each expert's mean score, pulled a little to everyone's, shape (experts,)."""
    known = ~np.isnan(evidence.scores)
    pooled = (evidence.graded.sum() + 1) / (known.sum() + 2)
    rates: Floats = (evidence.graded.sum(axis=0) + 2 * pooled) / (known.sum(axis=0) + 2)
    return rates


def nearest(evidence: Table, asked: Questions) -> Predictions:
    """The mean score on the K nearest questions (kNN; Li 2025 finds it hard to beat)."""
    counts = sorted({min(k, len(evidence)) for k in NEIGHBOURS})
    base = overall(evidence)
    found: dict[int, list[Floats]] = {k: [] for k in counts}
    known = (~np.isnan(evidence.scores)).astype(np.float32)
    scores = evidence.graded.astype(np.float32)
    for start in range(0, len(asked), BLOCK):
        cosines = asked.vectors[start : start + BLOCK] @ evidence.vectors.T
        near = _descending(cosines, counts[-1])
        right, seen = scores[near].cumsum(axis=1), known[near].cumsum(axis=1)
        for k in counts:
            found[k].append((right[:, k - 1] + TIE * base) / (seen[:, k - 1] + TIE))
    return {f"{k} neighbours": np.concatenate(found[min(k, len(evidence))]) for k in NEIGHBOURS}


def clusters(evidence: Table, asked: Questions) -> Predictions:
    """The mean score in the question's k-means cluster (Avengers, Zhang et al. 2025)."""
    from sklearn.cluster import KMeans

    distinct = len(np.unique(evidence.vectors, axis=0))
    found = {}
    with one_thread():  # once more: scikit-learn brings threads of its own
        for count in CLUSTERS:
            means = KMeans(min(count, distinct), n_init=1, max_iter=50, random_state=0)
            home = means.fit_predict(evidence.vectors)
            rates = _rates(evidence, home, means.n_clusters, TIE)
            found[f"{count} clusters"] = rates[means.predict(asked.vectors)]
    return found


def factorised(evidence: Table, asked: Questions) -> Predictions:
    """Scores as expert's mean + (embedding W) . u: a matrix factorisation whose question factors
    are linear in the embedding (EmbedLLM, Zhuang et al. 2024), solved in closed form by
    reduced-rank ridge regression (Izenman 1975)."""
    base = overall(evidence)
    rest = np.where(np.isnan(evidence.scores), base, evidence.scores) - base
    centre = evidence.vectors.mean(axis=0)
    known = evidence.vectors.astype(np.float64) - centre
    values, axes = np.linalg.eigh(known.T @ known)
    turned = axes.T @ (known.T @ rest)
    found = {}
    for ridge in RIDGES:
        weights = axes @ (turned / (values.clip(0) + ridge)[:, None])
        _, _, experts = np.linalg.svd(known @ weights, full_matrices=False)
        for rank in RANKS:
            kept = experts[:rank]
            gains = (asked.vectors - centre) @ (weights @ kept.T) @ kept
            found[f"rank {rank}, ridge {ridge:g}"] = base + gains
    return found


def by_category(evidence: Table, asked: Questions) -> Predictions:
    """The rate in the question's true category, shrunk to the overall rate. Told the category,
    which no other router is."""
    names, home = np.unique(evidence.categories, return_inverse=True)
    place = np.searchsorted(names, asked.categories).clip(max=len(names) - 1)
    here = (names[place] == asked.categories)[:, None]
    base = overall(evidence)
    return {
        f"prior of {strength:g}": np.where(
            here, _rates(evidence, home, len(names), strength)[place], base
        )
        for strength in STRENGTHS
    }


def _rates(evidence: Table, home: NDArray[np.int64], count: int, strength: float) -> Floats:
    """Mean scores in each group, shape (groups, experts), shrunk to overall."""
    member = np.eye(count)[home]
    known = (~np.isnan(evidence.scores)).astype(np.float64)
    rates: Floats = (member.T @ evidence.graded + strength * overall(evidence)) / (
        member.T @ known + strength
    )
    return rates


def _descending(cosines: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The columns of the `count` highest of each row, highest first."""
    some = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(cosines, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)
