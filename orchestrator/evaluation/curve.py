"""Accuracy against budget: hulls, and every method's value at one budget.

Between two settings a method may share its time: some questions by one, the rest by the other.
So its curve is the upper concave hull of its points, which is the strongest reading there is.
"""

from typing import NamedTuple

import numpy as np

from orchestrator.evaluation.table import Floats

BUDGETS = (1.0, 1.5, 2.0, 3.0, 5.0)  # calls a question
HALVINGS = 20
SLACK = 1e-9


class Mixture(NamedTuple):
    """Two settings and the share of questions that the first one answers."""

    first: int
    second: int
    share: float


def hull(spent: Floats, accuracy: Floats) -> list[int]:
    """The points on the upper concave hull that are worth their price, cheapest first."""
    kept: list[int] = []
    for point in np.lexsort((-accuracy, spent)).tolist():
        if kept and accuracy[point] <= accuracy[kept[-1]]:
            continue  # dearer and no better
        while len(kept) > 1 and _below(kept[-2], kept[-1], point, spent, accuracy):
            kept.pop()
        kept.append(point)
    return kept


def mixture(spent: Floats, accuracy: Floats, budget: float) -> Mixture | None:
    """The best that the budget buys on average; None where even the cheapest is too dear."""
    corners = hull(spent, accuracy)
    within = [point for point in corners if spent[point] <= budget + SLACK]
    if not within:
        return None
    last = within[-1]
    if last == corners[-1]:
        return Mixture(last, last, 1.0)
    after = corners[len(within)]
    share = (spent[after] - budget) / (spent[after] - spent[last])
    return Mixture(last, after, float(min(share, 1.0)))


def blended(scores: Floats, chosen: Mixture) -> Floats:
    """The mixture's expected score on each question, from shape (settings, questions)."""
    first, second, share = chosen
    blend: Floats = share * scores[first] + (1 - share) * scores[second]
    return blend


def at_budget(spent: Floats, scores: Floats, budget: float) -> Floats | None:
    """A method's expected score on each question at this budget, shape (questions,), from what
    its settings spent and scored, shape (settings, questions). None where it is out of reach."""
    chosen = mixture(spent.mean(axis=1), scores.mean(axis=1), budget)
    return None if chosen is None else blended(scores, chosen)


def cross_fitted(spent: Floats, scores: Floats, budget: float, seed: int = 0) -> float | None:
    """The same on average, with the mixture chosen on one half of the questions and scored on the
    other, over several ways to halve them: what choosing earned by luck is gone. None where the
    budget is out of reach, or one question cannot be halved."""
    count = scores.shape[1]
    random = np.random.default_rng(seed)
    means = []
    for _ in range(HALVINGS if count > 1 else 0):
        mixed = random.permutation(count)
        halves = mixed[: count // 2], mixed[count // 2 :]
        for here, there in (halves, halves[::-1]):
            chosen = mixture(spent[:, here].mean(axis=1), scores[:, here].mean(axis=1), budget)
            if chosen is None:
                return None
            means.append(float(blended(scores[:, there], chosen).mean()))
    return float(np.mean(means)) if means else None


def _below(left: int, middle: int, right: int, spent: Floats, accuracy: Floats) -> bool:
    """Whether the middle point is on or under the line from left to right."""
    run, rise = spent[right] - spent[left], accuracy[right] - accuracy[left]
    line = accuracy[left] * run + rise * (spent[middle] - spent[left])
    return bool(accuracy[middle] * run <= line)
