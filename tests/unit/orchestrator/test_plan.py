"""Plans: what a budget buys, chosen from what was rehearsed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan import LONGEST, Plan, Plans

SINGLE = Plan("overall", 1, None, 0.6, 1.0, ("nothing pays",))


def plan(size, accuracy, calls):
    return Plan("competence", size, 0.7, accuracy, calls)


THREE = Plans((plan(1, 0.62, 1.0), plan(3, 0.7, 1.8), plan(5, 0.71, 3.0)), SINGLE)
PLANS = st.builds(
    Plans,
    st.lists(
        st.integers(1, LONGEST).flatmap(
            lambda size: st.builds(plan, st.just(size), st.floats(0, 1), st.floats(1, size))
        ),
        max_size=20,
    ).map(tuple),
    st.floats(0, 1).map(lambda accuracy: Plan("overall", 1, None, accuracy, 1.0)),
)
WORTH = st.sampled_from([0.0, 0.005, 0.1])


@pytest.mark.parametrize(
    ("calls", "size", "worth", "accuracy"),
    [
        (1.0, 7, 0.0, 0.62),
        (1.8, 7, 0.0, 0.7),
        (2.9, 7, 0.0, 0.7),
        (3.0, 7, 0.0, 0.71),
        (3.0, 4, 0.0, 0.7),
        (3.0, 7, 0.01, 0.7),  # 1.2 calls more would have to add 1.2 %
        (3.0, 7, 0.03, 0.7),
        (3.0, 7, 0.2, 0.62),
    ],
)
def test_the_best_plan_that_a_budget_pays_for(calls, size, worth, accuracy):
    assert THREE.within(calls, size, worth).accuracy == accuracy


def test_a_choice_by_question_goes_before_the_best_expert_where_they_are_as_good():
    as_good = plan(1, SINGLE.accuracy, 1.0)
    assert Plans((as_good,), SINGLE).within(1.0) is as_good
    assert Plans((plan(2, SINGLE.accuracy, 1.0),), SINGLE).within(1.0) is SINGLE


def test_what_is_not_better_than_the_best_single_expert_is_not_done():
    poor = Plans((plan(1, 0.59, 1.0), plan(3, 0.63, 3.0)), SINGLE)
    assert poor.within(3.0, worth=0.02) is SINGLE
    assert Plans((), SINGLE).within(3.0) is SINGLE


@given(PLANS, st.floats(1, 8), st.integers(1, LONGEST), WORTH)
def test_neither_calls_nor_size_go_past_what_is_allowed(plans, calls, size, worth):
    chosen = plans.within(calls, size, worth)
    assert chosen.calls <= calls + 1e-9
    assert chosen.size <= size


@given(PLANS, st.floats(1, 8), st.floats(0, 4), WORTH)
def test_more_budget_is_never_worse(plans, calls, more, worth):
    poor, rich = plans.within(calls, worth=worth), plans.within(calls + more, worth=worth)
    assert rich.accuracy - worth * rich.calls >= poor.accuracy - worth * poor.calls


@given(PLANS, st.floats(1, 8), WORTH)
def test_no_plan_is_worse_than_the_best_expert(plans, calls, worth):
    plan = plans.within(calls, worth=worth)
    assert plan.accuracy - worth * plan.calls >= plans.single.accuracy - worth
