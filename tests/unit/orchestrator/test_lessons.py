"""Lessons: from a file of recorded replies to a service that is better for them."""

import pytest

from orchestrator.ballots import Ballots
from orchestrator.evaluation import Splits, evaluate
from orchestrator.grading import as_evidence
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.plan import WORTH
from orchestrator.policies import POLICIES, planned
from routing.profile import Profile
from tests.encoders import BagOfWords
from tests.worlds import world

EXPERTS = {
    "ada": {"colours": 0.85, "sums": 0.4, "words": 0.5},
    "ben": {"colours": 0.4, "sums": 0.85, "words": 0.5},
    "cleo": {"colours": 0.45, "sums": 0.4, "words": 0.85},
    "dan": {"colours": 0.6, "sums": 0.6, "words": 0.6},
    "eve": {"colours": 0.5, "sums": 0.5, "words": 0.55},
}


async def lessons_of(questions):
    profile = await Profile.of(map(as_evidence, questions), BagOfWords())
    return Lessons.of(profile, Ballots.of(questions, sorted(EXPERTS)))


@pytest.mark.parametrize("count", range(11))
async def test_a_few_questions_teach_nothing(count):
    assert await lessons_of(list(world(EXPERTS, count))) == UNTAUGHT


async def test_auto_beats_the_best_expert_and_a_fixed_panel_that_costs_more():
    known = list(world(EXPERTS, 500))
    held_out = list(world(EXPERTS, 500, seed=1, split="test"))
    lessons = await lessons_of(known)
    assert lessons.plans is not None
    plan = lessons.plans.within(3.0, 5, WORTH)
    policies = {"auto": planned(plan), "fixed-vote": POLICIES["fixed-vote"]}
    splits = Splits.of([*known, *held_out], ["validation"])
    report = await evaluate(splits, policies, BagOfWords())
    auto, fixed = report.policies["auto"], report.policies["fixed-vote"]
    assert auto.accuracy >= report.best_single
    assert auto.accuracy >= fixed.accuracy
    assert auto.calls < fixed.calls
    # and what was expected of it comes true
    assert plan.accuracy == pytest.approx(auto.accuracy, abs=0.04)
    assert plan.calls == pytest.approx(auto.calls, rel=0.15)


async def test_a_profile_of_other_experts_teaches_nothing():
    questions = list(world(EXPERTS, 60))
    profile = await Profile.of(map(as_evidence, questions), BagOfWords())
    assert Lessons.of(profile, Ballots.of(questions, ["zoe"])) == UNTAUGHT


async def test_an_expert_that_was_never_profiled_is_heard_as_an_average_one():
    lessons = await lessons_of(list(world(EXPERTS, 200)))
    *known, stranger = (lessons.votes.weights((name,))[0] for name in [*sorted(EXPERTS), "zoe"])
    assert min(known) <= stranger <= max(known)
