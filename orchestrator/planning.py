"""Planning: every way of asking that was rehearsed, with what it led to.

Chosen on evidence for a budget of calls, never by taste. Where the evidence does not say that
asking more, or choosing by question, pays, the plan is the best single expert.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from orchestrator.calibration import Calibration
from orchestrator.plan import Plan, Plans
from orchestrator.rehearsal import FEWEST, Heard, Rehearsal

THRESHOLDS = 12  # tried of what is believed after each reply
LEAST = 0.001  # accuracy that a panel must add to be one; less is rounding
NEVER = 1.01  # a confidence that nothing reaches: the whole panel is asked
SINGLE = (
    "the evidence does not show that, within the budget, a panel or a choice by question pays: "
    "best single expert"
)

Table = NDArray[np.float64]


def rehearsed_plans(
    rehearsal: Rehearsal, heard: Heard | None, calibration: Calibration
) -> Plans | None:
    """From what was heard of experts asked in the order of their competence. None where there is
    too little evidence to choose by."""
    if len(rehearsal.scores) < FEWEST or not rehearsal.experts:
        return None
    chosen, best = _scores(rehearsal, rehearsal.competence), _scores(rehearsal, rehearsal.overall)
    single = Plan("overall", 1, None, _expected(best, rehearsal.overall), 1.0, (SINGLE,))
    alone = Plan("competence", 1, None, _expected(chosen, rehearsal.competence), 1.0)
    plans = []
    if not _worse(chosen, best):
        alone = replace(alone, accuracy=max(alone.accuracy, single.accuracy))
        plans = [alone] if (chosen != best).any() else []
    if heard is not None:  # replies that cannot be compared make no panel
        confidence = calibration.of(heard.beliefs, heard.votes)
        plans += _stopping(alone, confidence, heard.right, best[heard.rows])
    return Plans(tuple(plans), single)


def _scores(rehearsal: Rehearsal, by: Table) -> Table:
    """What the best expert by this score scored; one that was not asked is taken at its word."""
    rows, best = np.arange(len(by)), by.argmax(axis=1)
    scores = rehearsal.scores[rows, best]
    return np.where(np.isnan(scores), by[rows, best], scores)


def _expected(scores: Table, by: Table) -> float:
    """Between what was seen and what was believed."""
    return float(scores.mean() + by.max(axis=1).mean()) / 2


def _worse(scores: Table, best: Table) -> bool:
    """Whether the evidence speaks against it: worse than the best single expert by more than two
    standard errors. Competence is shrunk, and belief calibrated: they depart from the best expert
    only where evidence says so, and have earned the benefit of the doubt."""
    gains = scores - best
    return bool(gains.mean() + 2 * gains.std() / np.sqrt(len(gains)) < 0)


def _stopping(
    alone: Plan, confidence: Table, right: NDArray[np.bool_], best: Table
) -> Iterator[Plan]:
    """Panels of every size, stopping at every threshold worth telling apart. What a panel adds to
    one expert's accuracy is between what was seen and what was believed: beliefs are calibrated,
    and vary less than the few questions that a second reply turns."""
    early = confidence[:, : max(confidence.shape[1] - 1, 1)]
    levels = np.unique(np.quantile(early, np.linspace(0, 1, THRESHOLDS), axis=0))
    rows, hits, hoped = np.arange(len(confidence)), right[:, 0].mean(), confidence[:, 0].mean()
    for size in range(2, confidence.shape[1] + 1):
        for level in (*levels[1:], NEVER):
            stopped = confidence[:, :size] >= level
            asked = np.where(stopped.any(axis=1), stopped.argmax(axis=1), size - 1)
            more = right[rows, asked].mean() - hits + confidence[rows, asked].mean() - hoped
            if more / 2 < LEAST or _worse(right[rows, asked].astype(np.float64), best):
                continue
            yield Plan(
                alone.score,
                size,
                None if level == NEVER else float(level),
                alone.accuracy + float(more) / 2,
                float(asked.mean() + 1),
            )
