"""Every learner finds planted specialists, and knows no more than it is told."""

import numpy as np
import pytest

from orchestrator.evaluation import learners
from orchestrator.evaluation.table import Questions
from tests.tables import table

# a is right about the first axis, b about the second, c never
SIDE = np.array([[1.0, 0.0], [0.0, 1.0]])
EVIDENCE = table(
    [[1, 0, 0]] * 20 + [[0, 1, 0]] * 20,
    categories=["left"] * 20 + ["right"] * 20,
    vectors=[SIDE[0]] * 20 + [SIDE[1]] * 20,
)
ASKED = Questions(SIDE.astype(np.float32), np.array(["left", "right"]))
ALL = [learners.nearest, learners.clusters, learners.factorised, learners.by_category]


@pytest.mark.parametrize("learn", ALL, ids=lambda learn: learn.__name__)
def test_specialists_are_found(learn):
    found = [scores.argmax(axis=1).tolist() for scores in learn(EVIDENCE, ASKED).values()]
    assert [0, 1] in found
    assert all(scores.shape == (2, 3) for scores in learn(EVIDENCE, ASKED).values())


@pytest.mark.parametrize("learn", ALL, ids=lambda learn: learn.__name__)
def test_missing_replies_are_no_failures(learn):
    scores = EVIDENCE.scores.copy()
    scores[::2, 0] = np.nan
    gaps = table(scores, categories=EVIDENCE.categories.tolist(), vectors=EVIDENCE.vectors.tolist())
    found = [values.argmax(axis=1).tolist() for values in learn(gaps, ASKED).values()]
    assert [0, 1] in found


def test_overall_is_the_mean_pulled_by_two_outcomes_to_everyones():
    # of 6 outcomes 3 are right: pooled (3 + 1) / (6 + 2) = 1/2; a: (3 + 1) / (3 + 2)
    assert learners.overall(table([[1, 0]] * 3)).tolist() == pytest.approx([4 / 5, 1 / 5])
    assert learners.overall(table(np.zeros((0, 2)))).tolist() == [0.5, 0.5]


def test_a_neighbourhood_is_a_mean():
    near = table([[1, 0], [0, 1], [0, 1]], vectors=[[1, 0], [0.8, 0.6], [0, 1]])
    asked = Questions(np.array([[1, 0]], np.float32), np.array(["any"]))
    found = learners.nearest(near, asked)
    assert found["1 neighbours"][0] == pytest.approx([1, 0], abs=0.01)
    assert found["2 neighbours"][0] == pytest.approx([0.5, 0.5], abs=0.01)
    assert found["500 neighbours"][0] == pytest.approx([1 / 3, 2 / 3], abs=0.01)


def test_an_unknown_category_has_overall_rates():
    asked = Questions(SIDE[:1].astype(np.float32), np.array(["nowhere"]))
    for scores in learners.by_category(EVIDENCE, asked).values():
        assert scores[0].tolist() == learners.overall(EVIDENCE).tolist()


def test_a_category_is_shrunk_by_its_prior():
    base = learners.overall(EVIDENCE)
    found = learners.by_category(EVIDENCE, ASKED)["prior of 20"]
    assert found[0, 0] == pytest.approx((20 + 20 * base[0]) / 40)


def test_more_questions_than_a_block_are_all_answered():
    many = Questions(np.repeat(ASKED.vectors, 300, axis=0), np.repeat(ASKED.categories, 300))
    found = learners.nearest(EVIDENCE, many)["5 neighbours"]
    assert (found.argmax(axis=1) == np.repeat([0, 1], 300)).all()
