"""What was learned moves an expert's own row, in any order, and nobody else's by a bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.affinity import Affinity
from routing.competence import EDGE, Competence, believable
from routing.evidence import Evidence, Outcome
from routing.exact import table_on_grid
from routing.types import Needs
from routing.updated import Updated

EXPERTS, SKILLS = ("ada", "ben", "cleo"), ("algebra", "law")
COUNTS = st.lists(st.lists(st.integers(0, 60), min_size=2, max_size=2), min_size=3, max_size=3)
OUTCOMES = st.lists(
    st.builds(
        Outcome,
        st.sampled_from(["ada", "ben", "a stranger"]),
        st.sampled_from([*SKILLS, "", "unheard of"]),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=20,
)


def of(wins, losses):
    wins, losses = np.array(wins, float), np.array(losses, float)
    affinity = Affinity(EXPERTS, table_on_grid(np.ones((3, 4), np.float32) / 9), np.zeros(3))
    return Competence(Evidence(EXPERTS, SKILLS, wins, losses), affinity)


def tables(competence):
    return (
        competence.overall,
        competence.by_skill,
        competence.expected,
        competence.strength,
        competence.evidence.wins,
        competence.evidence.losses,
    )


@given(COUNTS, COUNTS, OUTCOMES)
def test_rows_of_experts_without_outcomes_keep_their_bits(wins, losses, outcomes):
    before = of(wins, losses)
    after = Updated(before, Evidence.of(outcomes))
    touched = {outcome.expert for outcome in outcomes}
    rows = [i for i, name in enumerate(EXPERTS) if name not in touched]
    for one, other in zip(tables(before), tables(after), strict=True):
        assert one[rows].tobytes() == other[rows].tobytes()
    needs = Needs({"algebra": 0.5, "law": 0.5}, np.full(4, 0.5, np.float32))
    assert before.scores([needs])[0][rows].tobytes() == after.scores([needs])[0][rows].tobytes()


@given(COUNTS, COUNTS, OUTCOMES, OUTCOMES)
def test_it_does_not_matter_in_which_order_or_portions_outcomes_come(wins, losses, some, more):
    before = of(wins, losses)
    at_once = Updated(before, Evidence.of([*some, *more]))
    other_way = Updated(before, Evidence.of(more) + Evidence.of(some))
    for one, other in zip(tables(at_once), tables(other_way), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@given(COUNTS, COUNTS)
def test_an_expert_that_joins_without_evidence_changes_no_bit_of_the_others(wins, losses):
    before = of(wins, losses)
    joined = Competence(before.evidence.over([*EXPERTS, "zoe"]), before.affinity)
    for one, other in zip(tables(before), tables(joined), strict=True):
        assert one.tobytes() == other[:3].tobytes()


@pytest.mark.parametrize(("score", "sign"), [(1.0, 1), (0.0, -1)], ids=["right", "wrong"])
def test_outcomes_at_a_skill_move_the_belief_there_most(score, sign):
    before = of([[10, 10]] * 3, [[10, 10]] * 3)
    after = Updated(before, Evidence.of([Outcome("ben", "law", score)] * 10))
    moved = sign * (after.by_skill - before.by_skill)[1]
    assert moved[1] > moved[0] > 0
    assert sign * (after.overall - before.overall)[1] > 0
    assert after.graded.tolist() == [40, 50, 40]


def test_outcomes_at_a_skill_that_nobody_knows_count_towards_the_overall_rate():
    before = of([[10, 10]] * 3, [[10, 10]] * 3)
    after = Updated(before, Evidence.of([Outcome("ben", "", 1.0)] * 10))
    assert after.overall[1] == pytest.approx((20 + 4 / 2 + 10) / (40 + 4 + 10))
    assert after.evidence.skills == SKILLS
    assert after.graded[1] == 50


@given(COUNTS, COUNTS, OUTCOMES)
def test_beliefs_stay_beliefs_and_terms_still_sum_to_the_score(wins, losses, outcomes):
    after = Updated(of(wins, losses), Evidence.of(outcomes))
    assert np.all((after.by_skill >= EDGE) & (after.by_skill <= 1 - EDGE))
    for candidate in after.candidates(Needs({"law": 1.0})):
        assert sum(t.value for t in candidate.terms) == pytest.approx(candidate.score)
        assert candidate.competence == believable(candidate.score)


def test_outcomes_that_speak_of_a_question_are_those_at_its_skills():
    known = of([[10, 0], [0, 0], [3, 3]], [[10, 2], [0, 0], [3, 3]])
    assert known.observed(Needs({"algebra": 0.75, "law": 0.25})).tolist() == [15.5, 0, 6]
    assert known.observed(Needs({})).tolist() == [22, 0, 12]
    assert known.observed(Needs({"unheard of": 1.0})).tolist() == [22, 0, 12]
