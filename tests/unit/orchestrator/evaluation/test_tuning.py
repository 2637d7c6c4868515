"""Knobs are chosen on evidence held out, never on the test."""

from dataclasses import replace

import numpy as np

from orchestrator.evaluation import learners
from orchestrator.evaluation.tuning import crossed, tuned
from tests.tables import table


def learner(predictions):
    """Knobs with constant predictions."""

    def learn(_, asked):
        return {
            knob: np.tile(np.array(row, np.float64), (len(asked), 1))
            for knob, row in predictions.items()
        }

    return learn


EVIDENCE = table([[1, 0]] * 8 + [[0, 1]] * 2)
TEST = table([[0, 1]] * 4)  # the other way round


def test_the_knob_that_does_best_on_evidence_is_taken_however_it_does_on_the_test():
    found = tuned("x", learner({"b": [0, 1], "a": [1, 0]}), EVIDENCE, TEST, (1,))
    assert found.settings["top 1"].accuracy == 0.0
    assert found.note == "a at 1"


def test_a_question_is_predicted_from_the_other_folds_alone():
    def memory(evidence, asked):
        seen = {tuple(vector) for vector in evidence.vectors}
        known = [[float(tuple(v) in seen)] * 2 for v in asked.vectors]
        return {"only": np.array(known)}

    distinct = replace(EVIDENCE, vectors=np.arange(10, dtype=np.float32)[:, None])
    assert crossed(memory, distinct)["only"].sum() == 0.0


def test_without_evidence_everyone_is_alike():
    for rows in (0, 1):
        found = tuned("x", learners.clusters, EVIDENCE[np.arange(rows)], TEST, (1, 2))
        assert set(found.settings) == {"top 1", "top 2"}


def test_two_questions_suffice():
    assert tuned("x", learners.nearest, EVIDENCE[np.array([0, 9])], TEST, (1,)).settings
