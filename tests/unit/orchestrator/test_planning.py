"""Planning: where a panel pays it is convened, where it does not the best expert answers alone."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.lessons import Lessons
from orchestrator.plan import LONGEST, WORTH
from orchestrator.planning import SINGLE
from tests.recordings import scored
from tests.worlds import everywhere, rehearsed, world

SKILLED = {"ada": {"colours": 0.9, "sums": 0.3}, "ben": {"colours": 0.3, "sums": 0.9}}


async def plans_of(questions):
    return Lessons.taught(await rehearsed(list(questions))).plans


def copies(questions, **copied):
    """With more experts, each of whom says what another says."""
    for question in questions:
        more = {copy: question.replies[name] for copy, name in copied.items()}
        yield replace(question, replies={**question.replies, **more})


async def test_three_independent_experts_are_convened():
    plans = await plans_of(world(everywhere(a=0.7, b=0.7, c=0.7), 400, options=10))
    plan = plans.within(3.0, worth=WORTH)
    assert plan.size == 3
    assert plan.accuracy > plans.single.accuracy + 0.08
    assert plan.calls < 3.0  # two who agree need no third
    assert plan.notes == ()


async def test_a_budget_in_between_is_used_but_not_passed():
    plans = await plans_of(world(everywhere(a=0.7, b=0.7, c=0.7), 400, options=10))
    found = [plans.within(calls) for calls in np.linspace(1, 3, 9)]
    accuracies = [plan.accuracy for plan in found]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] < accuracies[4] < accuracies[-1]
    assert all(plan.calls <= c + 1e-9 for plan, c in zip(found, np.linspace(1, 3, 9), strict=True))


async def test_experts_with_skills_are_chosen_by_question():
    plans = await plans_of(world(SKILLED, 300))
    plan = plans.within(1.0)
    assert (plan.score, plan.size, plan.notes) == ("competence", 1, ())
    assert plan.accuracy == pytest.approx(0.9, abs=0.04)
    assert plans.single.accuracy == pytest.approx(0.6, abs=0.06)


NOT_WORTH_IT = {
    "one is always right": lambda: world(everywhere(a=0.5, b=1.0, c=0.5), 300, options=2),
    "all say the same": lambda: copies(world(everywhere(a=0.6), 300), b="a", c="a"),
    "there is one expert": lambda: world(everywhere(a=0.6), 300),
}


@pytest.mark.parametrize("questions", NOT_WORTH_IT.values(), ids=NOT_WORTH_IT)
async def test_where_nothing_pays_the_best_expert_answers_alone_and_it_is_said_why(questions):
    plans = await plans_of(questions())
    plan = plans.within(3.0, worth=WORTH)
    assert plan is plans.single
    assert (plan.score, plan.size, plan.calls) == ("overall", 1, 1.0)
    assert plan.notes == (SINGLE,)


async def test_scores_alone_lead_to_one_expert():
    alike = [
        scored(f"sum {i}", "validation", ada=float(i % 5 > 0), ben=float(i % 5 > 2))
        for i in range(100)
    ]
    plan = (await plans_of(alike)).within(3.0, worth=WORTH)
    assert (plan.size, plan.calls) == (1, 1.0)
    assert plan.accuracy == pytest.approx(0.8, abs=0.05)
    skilled = [
        scored(f"{skill} {skill} {i}", "validation", skill, **scores)
        for i in range(50)
        for skill, scores in (("sum", {"ada": 1.0, "ben": 0.0}), ("hue", {"ada": 0.0, "ben": 1.0}))
    ]
    plan = (await plans_of(skilled)).within(3.0, worth=WORTH)
    assert (plan.size, plan.score, plan.notes) == (1, "competence", ())


async def test_one_that_was_seldom_asked_is_not_counted_as_wrong_for_it():
    questions = [
        scored(f"sum {i}", "validation", **({"ada": 0.9} if i % 4 == 0 else {"ben": 0.5}))
        for i in range(200)
    ]
    assert (await plans_of(questions)).single.accuracy == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("count", [0, 1, 5, 19])
async def test_too_little_evidence_makes_no_plan(count):
    assert await plans_of(world(SKILLED, count)) is None


async def test_no_plan_asks_more_than_the_longest_or_than_there_are():
    many = everywhere(**{f"e{i}": 0.5 for i in range(LONGEST + 2)})
    for rates, most in ((many, LONGEST), (SKILLED, 2)):
        plans = (await plans_of(world(rates, 100))).plans
        assert {plan.size for plan in plans} <= set(range(1, most + 1))
        assert all(1.0 <= plan.calls <= plan.size for plan in plans)
        assert all(0.0 <= plan.accuracy <= 1.0 for plan in plans)
