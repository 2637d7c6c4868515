"""Every baseline's knob is chosen by cross-validation inside the evidence: the test never helps."""

from collections.abc import Sequence

import numpy as np

from orchestrator.evaluation.learners import Learner, Predictions, overall
from orchestrator.evaluation.outcomes import Kind, Method, Outcome
from orchestrator.evaluation.table import Floats, Questions, Table
from orchestrator.evaluation.votes import voted

FOLDS = 5


def tuned(
    name: str,
    learn: Learner,
    evidence: Table,
    test: Table,
    sizes: Sequence[int],
    kind: Kind = Kind.BASELINE,
) -> Method:
    """The learner's panels on the test, at each size with the knob that did best on evidence held
    out from it."""
    if len(evidence) < 2:  # nothing to learn or to choose by: everyone is taken to be alike
        level = np.broadcast_to(overall(evidence), test.scores.shape)
        return Method(name, kind, {f"top {k}": voted(test, level, k) for k in sizes})
    held_out = crossed(learn, evidence)
    fitted = learn(evidence, test.questions)
    settings: dict[str, Outcome] = {}
    chosen = []
    for size in sizes:
        knob = max(held_out, key=lambda knob: voted(evidence, held_out[knob], size).accuracy)
        settings[f"top {size}"] = voted(test, fitted[knob], size)
        chosen.append(f"{knob} at {size}")
    return Method(name, kind, settings, "; ".join(chosen))


def crossed(learn: Learner, evidence: Table, seed: int = 0) -> Predictions:
    """Predictions on the evidence, each from the folds that the question is not in."""
    fold = np.random.default_rng(seed).permutation(len(evidence)) % min(FOLDS, len(evidence))
    found: dict[str, Floats] = {}
    for held in np.unique(fold):
        here = fold == held
        for knob, scores in learn(evidence[~here], _questions(evidence, here)).items():
            found.setdefault(knob, np.zeros(evidence.scores.shape))[here] = scores
    return found


def _questions(table: Table, here: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Questions:
    return table[here].questions
