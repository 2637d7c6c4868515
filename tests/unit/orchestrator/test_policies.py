"""Policies: every name leads to a score, a draw and an aggregator that exist."""

import pytest

from orchestrator.policies import POLICIES, configured, pinned
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


def test_an_operator_sets_auto_and_nothing_else():
    found = configured(5, 0.9, "synthesize")
    auto = found.pop("auto")
    assert (auto.recruiting.size, auto.confidence, auto.aggregator) == (5, 0.9, "synthesize")
    assert found == {name: policy for name, policy in POLICIES.items() if name != "auto"}


def test_a_pinned_expert_answers_alone():
    assert (pinned("ada").recruiting.size, pinned("ada").aggregator) == (1, "none")
