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
    single = replace(_alone(rehearsal, "overall", rehearsal.overall), notes=(SINGLE,))
    if heard is None:  # replies that cannot be compared: asking two would be asking one in vain
        plans = [_alone(rehearsal, "competence", rehearsal.competence)]
    else:
        confidence = calibration.of(heard.beliefs, heard.votes)
        plans = list(_stopping(confidence, heard.right))
    alone, *larger = plans
    if not _choosing_pays(rehearsal):
        return Plans(tuple(larger), single)
    trusted = replace(alone, accuracy=max(alone.accuracy, single.accuracy))
    return Plans((trusted, *larger), single)


def _alone(rehearsal: Rehearsal, name: str, by: Table) -> Plan:
    """Asking only the best expert by this score."""
    hits, hoped = _scores(rehearsal, by).mean(), by.max(axis=1).mean()
    return Plan(name, 1, None, float(hits + hoped) / 2, 1.0)


def _scores(rehearsal: Rehearsal, by: Table) -> Table:
    """What the best expert by this score scored; one that was not asked is taken at its word."""
    rows, best = np.arange(len(by)), by.argmax(axis=1)
    scores = rehearsal.scores[rows, best]
    return np.where(np.isnan(scores), by[rows, best], scores)


def _choosing_pays(rehearsal: Rehearsal) -> bool:
    """Whether choosing by question may be believed in: it chooses differently, and is not worse
    by more than one standard error. Competence is shrunk: it departs from the best expert only
    where evidence says so, and has earned the benefit of the doubt."""
    gains = _scores(rehearsal, rehearsal.competence) - _scores(rehearsal, rehearsal.overall)
    return bool(gains.any() and gains.mean() + gains.std() / np.sqrt(len(gains)) >= 0)


def _stopping(confidence: Table, right: NDArray[np.bool_]) -> Iterator[Plan]:
    """Panels of every size, stopping at every threshold worth telling apart."""
    early = confidence[:, : max(confidence.shape[1] - 1, 1)]
    levels = np.unique(np.quantile(early, np.linspace(0, 1, THRESHOLDS), axis=0))
    for size in range(1, confidence.shape[1] + 1):
        for level in (*levels[1:], NEVER) if size > 1 else (NEVER,):
            stopped = confidence[:, :size] >= level
            asked = np.where(stopped.any(axis=1), stopped.argmax(axis=1), size - 1)
            rows = np.arange(len(asked))
            hits, hoped = right[rows, asked].mean(), confidence[rows, asked].mean()
            yield Plan(
                "competence",
                size,
                None if level == NEVER else float(level),
                float(hits + hoped) / 2,
                float(asked.mean() + 1),
            )
