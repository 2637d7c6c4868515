"""Planning: every way of asking that was rehearsed, with what it led to.

Chosen on evidence for a budget of calls, never by taste. Where the evidence does not say that
asking more, or choosing by question, pays, the plan is the best single expert.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from orchestrator.calibration import Calibration
from orchestrator.plan import LONGEST, Plan, Plans
from orchestrator.rehearsal import FEWEST, Rehearsal, prefixes, rehearsed_votes, voted
from orchestrator.voting import VoteModel

THRESHOLDS = 12  # tried of what is believed after each reply
NEVER = 1.01  # a confidence that nothing reaches: the whole panel is asked
SINGLE = (
    "the evidence does not show that, within the budget, a panel or a choice by question pays: "
    "best single expert"
)

Table = NDArray[np.float64]


def rehearsed_plans(
    rehearsal: Rehearsal, model: VoteModel, calibration: Calibration
) -> Plans | None:
    """None where there is too little evidence to choose by."""
    if len(rehearsal.scores) < FEWEST or not rehearsal.experts:
        return None
    orders = {"competence": rehearsal.competence, "overall": rehearsal.overall}
    panels: dict[str, list[Plan]] = {}
    comparable = rehearsed_votes(rehearsal, model)
    for name, by in orders.items():
        if comparable is None:  # replies that cannot be compared: asking two is asking one in vain
            panels[name] = [_alone(rehearsal, name, by)]
            continue
        rows, ballots, said = comparable
        order = np.argsort(-by[rows], axis=1, kind="stable")[:, :LONGEST]
        beliefs, right = prefixes(model, ballots, said, order)
        confidence = calibration.of(beliefs, voted(ballots, order))
        panels[name] = list(_stopping(name, confidence, right))
    single = replace(panels["overall"][0], notes=(SINGLE,))
    chosen, *larger = panels["competence"]
    if not _choosing_pays(*(_scores(rehearsal, by) for by in orders.values())):
        return Plans(tuple(larger), single)
    trusted = replace(chosen, accuracy=max(chosen.accuracy, single.accuracy))
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


def _choosing_pays(chosen: Table, best: Table) -> bool:
    """Whether choosing by question may be believed in: it chooses differently, and is not worse
    by more than one standard error. Competence is shrunk: it departs from the best expert only
    where evidence says so, and has earned the benefit of the doubt."""
    gains = chosen - best
    return bool(gains.any() and gains.mean() + gains.std() / np.sqrt(len(gains)) >= 0)


def _stopping(score: str, confidence: Table, right: NDArray[np.bool_]) -> Iterator[Plan]:
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
                score,
                size,
                None if level == NEVER else float(level),
                float(hits + hoped) / 2,
                float(asked.mean() + 1),
            )
