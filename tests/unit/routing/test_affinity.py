"""Affinity: what the embedding says about success, and silence where it says nothing."""

import numpy as np
import pytest

from routing.affinity import FEWEST, Affinity

EXPERTS = ("ada", "ben", "cleo")


def questions(count, dimension=12, seed=0):
    random = np.random.default_rng(seed)
    drawn = random.normal(size=(count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def planted(vectors, seed=1):
    """ada is the better the further along axis 0, ben the worse, cleo is as good anywhere; all
    are worse along axis 1."""
    own = np.stack([0.8 * vectors[:, 0], -0.8 * vectors[:, 0], 0 * vectors[:, 0]], axis=1)
    chance = 0.5 + own - 0.4 * vectors[:, 1:2]
    return (np.random.default_rng(seed).random(chance.shape) < chance).astype(float), chance


def test_a_planted_tendency_is_recovered():
    vectors = questions(3000)
    scores, _ = planted(vectors)
    found = Affinity.fit(EXPERTS, vectors, scores, scores.mean(axis=0))
    new = questions(500, seed=2)
    _, chance = planted(new)
    assert np.abs(found.gains(new) - (chance - 0.5)).mean() < 0.03
    assert found.slopes[0, 0] > 0.6
    assert abs(found.slopes[2, 0]) < 0.2
    assert (found.slopes[:, 1] < -0.25).all()


def test_noise_says_next_to_nothing():
    vectors = questions(1000)
    scores = np.random.default_rng(3).integers(0, 2, (1000, 3)).astype(float)
    found = Affinity.fit(EXPERTS, vectors, scores, scores.mean(axis=0))
    assert np.abs(found.gains(questions(200, seed=4))).max() < 0.03


def test_questions_that_an_expert_was_not_asked_say_nothing_of_it():
    vectors = questions(3000)
    scores, chance = planted(vectors)
    scores[np.random.default_rng(5).random(scores.shape) < 0.4] = np.nan
    found = Affinity.fit(EXPERTS, vectors, scores, np.nanmean(scores, axis=0))
    assert np.isfinite(found.slopes).all()
    assert np.abs(found.gains(vectors) - (chance - 0.5)).mean() < 0.06


def test_an_expert_never_asked_gains_what_all_share():
    vectors = questions(2000)
    scores, _ = planted(vectors)
    scores[:, 2] = np.nan
    found = Affinity.fit(EXPERTS, vectors, scores, np.array([0.5, 0.5, 0.5]))
    assert abs(found.slopes[2, 0]) < 0.15
    assert found.slopes[2, 1] < -0.25


def test_the_average_question_gains_nothing():
    vectors = questions(800) + np.float32(0.3)
    scores, _ = planted(vectors)
    found = Affinity.fit(EXPERTS, vectors, scores, scores.mean(axis=0))
    assert found.gains(vectors).mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-3)


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_fewer_questions_than_fifty_are_nothing_to_regress_on(count):
    none = Affinity.fit(EXPERTS, questions(count), np.ones((count, 3)), np.ones(3))
    assert not none
    assert none.gains(questions(1)).tolist() == [[0, 0, 0]]


def test_fifty_questions_are():
    scores, _ = planted(questions(FEWEST))
    assert Affinity.fit(EXPERTS, questions(FEWEST), scores, scores.mean(axis=0))


def test_nobody_has_no_affinity():
    assert not Affinity.fit((), questions(99), np.zeros((99, 0)), np.zeros(0))


def test_over_other_experts_reorders_and_fills():
    vectors = questions(500)
    scores, _ = planted(vectors)
    found = Affinity.fit(EXPERTS, vectors, scores, scores.mean(axis=0))
    other = found.over(("cleo", "zoe", "ada"))
    assert other.experts == ("cleo", "zoe", "ada")
    ada, _, cleo = found.gains(vectors).T
    assert other.gains(vectors).T.tolist() == [cleo.tolist(), [0.0] * 500, ada.tolist()]


def test_over_of_nobody_is_nobody():
    assert Affinity.none(()).over(("ada",)).gains(questions(1)).tolist() == [[0.0]]
    assert Affinity.none(("ada",)).over(()).gains(questions(1)).tolist() == [[]]
