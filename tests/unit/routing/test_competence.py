"""Competence: believed as far as the evidence goes, and no further."""

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.affinity import Affinity
from routing.competence import EDGE, SKILL_SHARE, STRENGTHS, Competence, believable
from routing.evidence import Evidence
from routing.exact import table_on_grid
from routing.types import Needs

SKILLS = ("algebra", "law", "logic")
COUNTS = st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=3, max_size=3)
WEIGHTS = st.dictionaries(
    st.sampled_from([*SKILLS, "unheard of"]), st.floats(0, 1), max_size=3
).map(
    lambda weights: {
        skill: weight / max(sum(weights.values()), 1) for skill, weight in weights.items()
    }
)


def of(wins, losses):
    wins, losses = np.array(wins, float), np.array(losses, float)
    return Competence(Evidence(("ada", "ben", "cleo")[: len(wins)], SKILLS, wins, losses))


def believed(competence, skills):
    return {c.expert: c.competence for c in competence.candidates(Needs(skills))}


def near(competence, seed=0):
    """The same with an affinity of its own making, experts in another order."""
    random = np.random.default_rng(seed)
    slopes, base = random.normal(0, 0.2, (3, 4)), random.normal(0, 0.05, 3).astype(np.float32)
    affinity = Affinity(("cleo", "ada", "ben"), table_on_grid(slopes), base)
    return Competence(competence.evidence, affinity)


def vector(seed):
    drawn = np.random.default_rng(seed).normal(size=4)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


@pytest.mark.parametrize("channels", [lambda c: c, near], ids=["skills", "skills and embedding"])
@given(COUNTS, COUNTS, WEIGHTS, st.integers(0, 99))
def test_terms_sum_to_the_score(channels, wins, losses, weights, seed):
    competence, needs = channels(of(wins, losses)), Needs(weights, vector(seed))
    found = competence.candidates(needs)
    for candidate in found:
        assert reduce(add, (term.value for term in candidate.terms)) == candidate.score
        assert candidate.competence == believable(candidate.score)
    scores = dict(zip(competence.evidence.experts, *competence.scores([needs]), strict=True))
    assert {c.expert: c.score for c in found} == scores


@given(COUNTS, COUNTS, st.lists(WEIGHTS, min_size=1, max_size=20))
def test_the_table_says_what_scores_say_row_by_row(wins, losses, asked):
    competence = near(of(wins, losses))
    vectors = np.array([vector(i) for i in range(len(asked))])
    shares = np.array([[weights.get(skill, 0.0) for skill in SKILLS] for weights in asked])
    known = [
        Needs({skill: weight for skill, weight in weights.items() if skill in SKILLS and weight}, v)
        for weights, v in zip(asked, vectors, strict=True)
    ]
    rows = believable(competence.scores(known))
    assert competence.table(shares, vectors) == pytest.approx(rows, abs=1e-6)


@given(COUNTS, COUNTS, st.lists(st.tuples(WEIGHTS, st.booleans()), max_size=20))
def test_scores_are_the_same_bits_alone_and_in_any_company(wins, losses, asked):
    competence = near(of(wins, losses))
    needs = [Needs(weights, vector(i) if seen else None) for i, (weights, seen) in enumerate(asked)]
    together = competence.scores(needs)
    assert together.shape == (len(asked), 3)
    for own, row in zip(needs, together, strict=True):
        assert np.array_equal(competence.scores([own])[0], row)


@given(COUNTS, COUNTS, st.floats(0.1, 0.5), st.floats(0.1, 0.5), st.integers(0, 99))
def test_without_a_named_skill_the_score_lacks_its_term(wins, losses, one, other, seed):
    competence = near(of(wins, losses))
    both = Needs({"law": one, "logic": other}, vector(seed))
    left = {c.expert: c.score for c in competence.candidates(Needs({"law": one}, both.vector))}
    for candidate in competence.candidates(both):
        [term] = [term for term in candidate.terms if "logic" in term.name]
        assert candidate.score - term.value == pytest.approx(left[candidate.expert], abs=1e-12)


def test_terms_are_named_by_where_they_come_from():
    [ada, *_] = near(of([[9, 1, 5]] * 3, [[1, 9, 5]] * 3)).candidates(
        Needs({"algebra": 0.6, "law": 0.4}, vector(0))
    )
    assert [term.name for term in ada.terms] == [
        "overall",
        f"skill algebra x {0.6 * SKILL_SHARE:.2f}",
        f"skill law x {0.4 * SKILL_SHARE:.2f}",
        "questions like it",
    ]


def test_the_embedding_says_nothing_of_a_question_like_none_seen():
    competence = near(of([[9, 1, 5]] * 3, [[1, 9, 5]] * 3))
    assert competence.candidates(Needs({}, vector(0))) == competence.candidates(Needs({}))


def test_skills_from_a_tagger_speak_alone():
    evidence = of([[9, 1, 5], [5, 5, 5]], [[1, 9, 5], [5, 5, 5]])
    tagged = Needs({"algebra": 1.0})
    assert near(evidence).candidates(tagged) == evidence.candidates(tagged)


@given(COUNTS, COUNTS, st.sampled_from(SKILLS), st.floats(0, 1))
def test_no_belief_is_certain(wins, losses, skill, weight):
    for candidate in of(wins, losses).candidates(Needs({skill: weight})):
        assert EDGE - 1e-9 <= candidate.competence <= 1 - EDGE + 1e-9


@given(COUNTS, COUNTS)
def test_candidates_come_best_first_and_ties_by_name(wins, losses):
    ranks = [(-c.score, c.expert) for c in of(wins, losses).candidates(Needs({"law": 1.0}))]
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
    before.strength = after.strength = np.full(3, strength)
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
    assert Competence(Evidence.none([])).candidates(Needs({"law": 1.0})) == ()


def test_unknown_skills_count_as_overall():
    competence = of([[9, 1, 5], [5, 5, 5]], [[1, 9, 5], [5, 5, 5]])
    assert competence.candidates(Needs({"unheard of": 1.0})) == competence.candidates(Needs({}))
    half = believed(competence, {"algebra": 0.5})["ada"]
    whole = believed(competence, {"algebra": 1.0})["ada"]
    overall = believed(competence, {})["ada"]
    assert half == pytest.approx((whole + overall) / 2)


def test_planted_specialists_are_found_and_believed():
    wins = 60 * np.eye(3) + 6
    competence = of(wins, 72 - wins)
    assert (competence.strength <= 8).all()
    best = [competence.candidates(Needs({skill: 1.0}))[0].expert for skill in SKILLS]
    assert best == ["ada", "ben", "cleo"]
    assert believed(competence, {"algebra": 1.0})["ada"] > 0.8


def test_identical_experts_are_told_apart_by_nothing():
    competence = of([[60, 60, 60]] * 3, [[40, 40, 40]] * 3)
    assert (competence.strength >= 128).all()
    beliefs = believed(competence, {"law": 1.0})
    assert len(set(beliefs.values())) == 1
    assert beliefs["ada"] == pytest.approx(0.6, abs=0.01)


def test_a_specialist_is_taken_at_its_word_and_a_generalist_is_not():
    right = np.array([[95, 5, 50], [5, 95, 50], [60, 62, 59]])
    *specialists, generalist = of(right, 100 - right).strength
    assert max(specialists) <= 8
    assert generalist >= 64


def test_hardness_that_all_share_moves_nobodys_rank():
    # law is 0.2 harder for everyone
    wins = np.array([[80, 60, 80], [60, 40, 60], [50, 30, 50]])
    competence = of(wins, 100 - wins)
    ranks = [[c.expert for c in competence.candidates(Needs({s: 1.0}))] for s in SKILLS]
    assert ranks == [["ada", "ben", "cleo"]] * 3
    assert believed(competence, {"law": 1.0})["ada"] == pytest.approx(0.6, abs=0.03)


def test_an_expert_never_tried_at_a_hard_skill_is_expected_to_find_it_hard():
    # ada and ben fall from 0.8 to 0.4 at law; cleo is a little worse and was only asked algebra
    wins = [[160, 80, 0], [160, 80, 0], [150, 0, 0]]
    losses = [[40, 120, 0], [40, 120, 0], [50, 0, 0]]
    found = believed(of(wins, losses), {"law": 1.0})
    assert found["cleo"] < of(wins, losses).overall[2] - 0.1


def test_25_outcomes_do_not_overrule_350_where_skills_hardly_differ():
    # cleo was lucky at law; ada and ben show that skills are alike
    wins = [[245, 17, 245], [210, 15, 210], [210, 19, 210]]
    losses = [[105, 8, 105], [140, 10, 140], [140, 6, 140]]
    competence = of(wins, losses)
    assert believed(competence, {"law": 1.0})["cleo"] < 0.68 < 19 / 25
    assert competence.candidates(Needs({"law": 1.0}))[0].expert == "ada"


def test_25_outcomes_do_overrule_350_where_skills_differ_much():
    wins = [[330, 2, 330], [30, 23, 40], [300, 1, 20]]
    losses = [[20, 23, 20], [320, 2, 310], [50, 24, 330]]
    assert of(wins, losses).candidates(Needs({"law": 1.0}))[0].expert == "ben"
