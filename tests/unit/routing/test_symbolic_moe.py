"""Symbolic-MoE's scores against tables worked out by hand from its published rules."""

import numpy as np
import pytest

from routing.competence import Competence
from routing.evidence import Evidence
from routing.symbolic_moe import candidates, global_competency
from routing.types import Needs

#            algebra  law  logic        sums
PROFILE = [
    [5, -3, 1],  # ada          3
    [2, 4, 0],  # ben           6
    [-2, -1, -4],  # cleo      -7
]


def of(profile):
    table = np.array(profile, float)
    wins, losses = table.clip(0) + 10, (-table).clip(0) + 10
    return Competence(Evidence(("ada", "ben", "cleo"), ("algebra", "law", "logic"), wins, losses))


def scores(skills, profile=PROFILE):
    return {c.expert: c.score for c in candidates(of(profile), Needs(skills))}


# Sums 3, 6, -7: one is negative, so all are shifted by 7 + 1 to 11, 14, 1; squares 121, 196, 1.
GLOBALLY = {"ada": 121 / 318, "ben": 196 / 318, "cleo": 1 / 318}


def test_global_competency_is_the_shifted_sum_squared_and_shared_out():
    found = global_competency(np.array(PROFILE, float))
    assert found.tolist() == pytest.approx(list(GLOBALLY.values()))


def test_without_negative_sums_nothing_is_shifted():
    found = global_competency(np.array([[1.0, 2.0], [0.0, 1.0], [0.0, 0.0]]))
    assert found.tolist() == pytest.approx([0.9, 0.1, 0.0])


def test_profiles_of_zero_are_shared_evenly():
    assert global_competency(np.zeros((4, 2))).tolist() == [0.25] * 4


def test_the_score_is_suitability_times_global_competency():
    assert scores({"algebra": 1.0}) == pytest.approx(
        {"ada": 5 * GLOBALLY["ada"], "ben": 2 * GLOBALLY["ben"], "cleo": 0.0}
    )


def test_a_keyword_mapped_twice_counts_twice():
    found = scores({"algebra": 2 / 3, "law": 1 / 3})  # 2 x 5 - 3, 2 x 2 + 4, none
    assert found == pytest.approx(
        {"ada": 7 * GLOBALLY["ada"], "ben": 8 * GLOBALLY["ben"], "cleo": 0.0}
    )


def test_where_nobody_is_suitable_all_are_shifted_above_zero():
    # logic without ada's 1: suitabilities -1, 0, -4 become 4, 5, 1; sums 1, 6, -7 -> 9, 14, 1
    found = scores({"logic": 1.0}, [[5, -3, -1], *PROFILE[1:]])
    assert found == pytest.approx({"ada": 36 * 9 / 278, "ben": 5 * 196 / 278, "cleo": 1 / 278})


def test_the_shift_counts_whole_keywords():
    # ada 5 - 9, ben -3 + 0, cleo 0 - 1, each +4 + 1: weights of a half would shift by 3 alone
    profile = [[5, -9, 0], [-3, 0, 0], [0, -1, 0]]  # sums -4, -3, -1 -> 1, 2, 4 of 21
    found = scores({"algebra": 0.5, "law": 0.5}, profile)
    assert found == pytest.approx({"ada": 1 / 21, "ben": 2 * 4 / 21, "cleo": 4 * 16 / 21})


@pytest.mark.parametrize("skills", [{}, {"unheard of": 1.0}], ids=["none", "unknown"])
def test_without_keywords_everyone_is_as_likely(skills):
    assert set(scores(skills).values()) == {1 / 3}


def test_candidates_come_best_first_with_one_term_that_is_the_score():
    found = candidates(of(PROFILE), Needs({"law": 1.0}))
    assert [c.expert for c in found] == ["ben", "ada", "cleo"]
    assert all([term.value for term in c.terms] == [c.score] for c in found)
    assert found[0].terms[0].name == "suitability 4 x global competency 0.6164"


def test_the_competence_beside_the_score_is_our_own():
    competence = of(PROFILE)
    ours = {c.expert: c.competence for c in competence.candidates(Needs({"law": 1.0}))}
    assert {c.expert: c.competence for c in candidates(competence, Needs({"law": 1.0}))} == ours


def test_no_experts_have_no_scores():
    assert candidates(Competence(Evidence.none([])), Needs({"law": 1.0})) == ()
