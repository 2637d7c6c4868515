"""Evidence: counts that add up exactly, whatever the shards and their order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from routing.evidence import Evidence, Outcome

NAMES = st.sampled_from(["ada", "ben", "cleo"])
SKILLS = st.sampled_from(["algebra", "law", "logic"])
EXACT = st.sampled_from([0.0, 0.25, 0.5, 1.0])  # sums of these have no rounding
OUTCOMES = st.lists(st.builds(Outcome, NAMES, SKILLS, EXACT), max_size=30)


def same(one, other):
    return (
        one.experts == other.experts
        and one.skills == other.skills
        and np.array_equal(one.wins, other.wins)
        and np.array_equal(one.losses, other.losses)
    )


@given(st.lists(OUTCOMES, max_size=5).flatmap(lambda s: st.tuples(st.just(s), st.permutations(s))))
def test_shards_add_up_to_the_whole_in_any_order(both):
    shards, shuffled = both
    whole = Evidence.of(outcome for shard in shards for outcome in shard)
    added = Evidence.none(())
    for shard in shuffled:
        added += Evidence.of(shard)
    assert same(added, whole)


@given(OUTCOMES)
def test_counting_is_complete(outcomes):
    evidence = Evidence.of(outcomes)
    assert evidence.total == len(outcomes)
    assert evidence.wins.sum() == sum(outcome.score for outcome in outcomes)


@given(OUTCOMES, st.permutations(["ada", "ben", "cleo", "zoe"]))
def test_over_other_experts_and_back_keeps_the_counts(outcomes, experts):
    evidence = Evidence.of(outcomes)
    wider = evidence.over(experts, ("new", *evidence.skills))
    assert wider.total == evidence.total
    assert same(wider.over(evidence.experts, evidence.skills), evidence)


def test_over_fewer_experts_leaves_the_others_out():
    evidence = Evidence.of([Outcome("ada", "law", 1.0), Outcome("ben", "law", 0.0)])
    left = evidence.over(["ben", "zoe"])
    assert left.experts == ("ben", "zoe")
    assert left.wins.tolist() == [[0.0], [0.0]]
    assert left.losses.tolist() == [[1.0], [0.0]]


def test_a_fractional_score_is_partly_a_win():
    evidence = Evidence.of([Outcome("ada", "law", 0.75), Outcome("ada", "law", 0.5)])
    assert (evidence.wins.tolist(), evidence.losses.tolist()) == ([[1.25]], [[0.75]])


def test_scores_are_clipped():
    evidence = Evidence.of([Outcome("ada", "law", 7.0), Outcome("ada", "law", -1.0)])
    assert (evidence.wins.tolist(), evidence.losses.tolist()) == ([[1.0]], [[1.0]])


def test_no_evidence_is_none():
    assert same(Evidence.of([]), Evidence.none(()))
    assert Evidence.none(["ada"]).total == 0
