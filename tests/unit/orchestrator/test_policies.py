"""Policies: every name leads to a score, a draw and an aggregator that exist."""

import pytest

from orchestrator.plan import Plan
from orchestrator.policies import AUTO, POLICIES, pinned, planned
from routing.recruiting import DRAWS
from routing.router import SCORES


@pytest.mark.parametrize(("name", "policy"), POLICIES.items(), ids=POLICIES)
def test_a_policy_names_what_exists(name, policy):
    assert policy.name == name
    assert policy.recruiting.score in SCORES
    assert policy.recruiting.draw in DRAWS


def test_symbolic_moe_draws_three_with_replacement_for_an_aggregator():
    policy = POLICIES["symbolic-moe"]
    recruiting = policy.recruiting
    assert (recruiting.score, recruiting.draw, recruiting.size) == (
        *("symbolic-moe", "with_replacement"),
        3,
    )
    assert (policy.aggregator, policy.confidence) == ("synthesize", None)


PLAN = Plan("competence", 4, 0.6, 0.8, 2.5, ("so it is",))


def test_auto_follows_the_plan():
    auto = planned(PLAN, 5, None, "synthesize")
    recruiting = auto.recruiting
    assert (auto.name, auto.confidence, auto.aggregator) == ("auto", 0.6, "synthesize")
    assert (recruiting.score, recruiting.draw, recruiting.size) == ("competence", "top", 4)
    assert recruiting.notes == ("so it is",)


def test_a_plan_of_one_expert_needs_nobody_to_settle_disagreement():
    auto = planned(Plan("overall", 1, None, 0.8, 1.0), 5, None, "synthesize")
    assert (auto.recruiting.score, auto.recruiting.size) == ("overall", 1)
    assert (auto.aggregator, auto.confidence) == ("none", None)


def test_what_an_operator_sets_goes_before_the_plan():
    auto = planned(PLAN, 5, 0.9, "synthesize")
    assert (auto.recruiting.size, auto.confidence, auto.aggregator) == (5, 0.9, "synthesize")
    assert auto.recruiting.notes == ()
    assert planned(PLAN, 5, 0.0).confidence == 0.0  # which is not the same as none


def test_without_a_plan_auto_is_as_ever():
    assert planned(None) == AUTO == POLICIES["auto"]
    assert planned(None, 2).recruiting.size == 2
    assert planned(None, 2).confidence == AUTO.confidence


def test_a_pinned_expert_answers_alone():
    assert (pinned("ada").recruiting.size, pinned("ada").aggregator) == (1, "none")
