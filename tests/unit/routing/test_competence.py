"""Competence: believed as far as the evidence goes, and no further."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.competence import EDGE, STRENGTHS, Competence
from routing.evidence import Evidence

SKILLS = ("algebra", "law", "logic")
COUNTS = st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=3, max_size=3)
WEIGHTS = st.dictionaries(st.sampled_from([*SKILLS, "unheard of"]), st.floats(0, 1), max_size=3)


def of(wins, losses):
    wins, losses = np.array(wins, float), np.array(losses, float)
    return Competence(Evidence(("ada", "ben", "cleo")[: len(wins)], SKILLS, wins, losses))


def believed(competence, skills):
    return {c.expert: c.competence for c in competence.candidates(skills)}


@given(COUNTS, COUNTS, WEIGHTS)
def test_terms_sum_to_the_score(wins, losses, weights):
    for candidate in of(wins, losses).candidates(weights):
        assert sum(term.value for term in candidate.terms) == candidate.score
        assert candidate.score == candidate.competence


@given(COUNTS, COUNTS, st.sampled_from(SKILLS), st.floats(0, 1))
def test_no_belief_is_certain(wins, losses, skill, weight):
    for candidate in of(wins, losses).candidates({skill: weight}):
        assert EDGE - 1e-9 <= candidate.competence <= 1 - EDGE + 1e-9


@given(COUNTS, COUNTS)
def test_candidates_come_best_first_and_ties_by_name(wins, losses):
    ranks = [(-c.score, c.expert) for c in of(wins, losses).candidates({"law": 1.0})]
    assert ranks == sorted(ranks)


@given(COUNTS, COUNTS, st.integers(0, 2), st.integers(1, 50))
def test_more_wins_never_lower_the_overall_belief(wins, losses, skill, more):
    before = of(wins, losses).overall[0]
    wins[0][skill] += more
    assert of(wins, losses).overall[0] >= before - 1e-12


@given(COUNTS, COUNTS, st.integers(0, 2), st.integers(1, 50), st.sampled_from(STRENGTHS))
def test_at_one_strength_more_wins_never_lower_any_belief(wins, losses, skill, more, strength):
    before = of(wins, losses)
    wins[0][skill] += more
    after = of(wins, losses)
    before.strength = after.strength = strength
    assert (after.by_skill[0] >= before.by_skill[0] - 1e-12).all()


def test_an_expert_without_evidence_is_believed_average():
    competence = of([[30, 30, 30], [10, 10, 10], [0, 0, 0]], [[10, 10, 10], [30, 30, 30], [0] * 3])
    assert believed(competence, {"law": 1.0})["cleo"] == pytest.approx(0.5, abs=0.01)
    assert believed(competence, {})["cleo"] == pytest.approx(0.5, abs=0.01)


def test_without_any_evidence_everyone_is_an_even_guess():
    assert believed(Competence(Evidence.none(["ada", "ben"])), {"law": 1.0}) == {
        "ada": 0.5,
        "ben": 0.5,
    }


def test_no_experts_have_no_candidates():
    assert Competence(Evidence.none([])).candidates({"law": 1.0}) == ()


def test_unknown_skills_count_as_overall():
    competence = of([[9, 1, 5], [5, 5, 5]], [[1, 9, 5], [5, 5, 5]])
    assert competence.candidates({"unheard of": 1.0}) == competence.candidates({})
    half = believed(competence, {"algebra": 0.5})["ada"]
    whole = believed(competence, {"algebra": 1.0})["ada"]
    overall = believed(competence, {})["ada"]
    assert half == pytest.approx((whole + overall) / 2)


def test_planted_specialists_are_found_and_believed():
    wins = 60 * np.eye(3) + 6
    competence = of(wins, 72 - wins)
    assert competence.strength <= 8
    best = [competence.candidates({skill: 1.0})[0].expert for skill in SKILLS]
    assert best == ["ada", "ben", "cleo"]
    assert believed(competence, {"algebra": 1.0})["ada"] > 0.8


def test_identical_experts_are_told_apart_by_nothing():
    competence = of([[60, 60, 60]] * 3, [[40, 40, 40]] * 3)
    assert competence.strength >= 128
    beliefs = believed(competence, {"law": 1.0})
    assert len(set(beliefs.values())) == 1
    assert beliefs["ada"] == pytest.approx(0.6, abs=0.01)


def test_25_outcomes_do_not_overrule_350_where_skills_hardly_differ():
    # cleo was lucky at law; ada and ben show that skills are alike
    wins = [[245, 17, 245], [210, 15, 210], [210, 19, 210]]
    losses = [[105, 8, 105], [140, 10, 140], [140, 6, 140]]
    competence = of(wins, losses)
    assert believed(competence, {"law": 1.0})["cleo"] < 0.68 < 19 / 25
    assert competence.candidates({"law": 1.0})[0].expert == "ada"


def test_25_outcomes_do_overrule_350_where_skills_differ_much():
    wins = [[330, 2, 330], [30, 23, 40], [300, 1, 20]]
    losses = [[20, 23, 20], [320, 2, 310], [50, 24, 330]]
    assert of(wins, losses).candidates({"law": 1.0})[0].expert == "ben"
