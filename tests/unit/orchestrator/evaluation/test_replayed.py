"""What is worked out once for several policies is what each would have got alone."""

from dataclasses import replace

import numpy as np
import pytest

from api.settings import PanelSettings
from orchestrator.evaluation.replayed import Replayed, frontier
from orchestrator.evaluation.table import Table
from orchestrator.grading import as_evidence, question_of
from orchestrator.lessons import UNTAUGHT
from orchestrator.plan import MOST_CALLS, MOST_EXPERTS
from orchestrator.policies import POLICIES
from orchestrator.replay import replay
from routing.profile import Profile
from routing.router import Router
from tests.encoders import BagOfWords
from tests.reports import RECORDINGS

EXPERTS = ("ada", "ben", "cleo")
TEST = [r for r in RECORDINGS if r.split == "test"]
SETTINGS = {**POLICIES, **frontier(UNTAUGHT)}


async def replayed():
    encoder = BagOfWords()
    known = [as_evidence(r) for r in RECORDINGS if r.split == "validation"]
    profile = await Profile.of(known, encoder)
    router = Router(EXPERTS, profile.channel(encoder), profile.evidence, profile.affinity(EXPERTS))
    needs = await router.needs([question_of(r) for r in TEST])
    vectors = await encoder.encode([r.question for r in TEST])
    return Replayed(TEST, Table.of(TEST, EXPERTS, vectors), router, needs)


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "synthesize"])
async def test_a_policy_among_others_does_what_it_does_alone(name):
    policy = SETTINGS[name]
    shared = await replayed()
    for other in (POLICIES["everyone"], POLICIES["vote"], POLICIES["symbolic-moe"]):
        shared.outcome(other)
    found = shared.outcome(policy)
    for row, (recording, needs) in enumerate(zip(TEST, shared.needs, strict=True)):
        route = shared.router.recruit(question_of(recording), needs, policy.recruiting)
        verdict = replay(recording, route, policy)
        assert (found.calls[row], found.confidence[row]) == (verdict.calls, verdict.confidence)
        assert found.scores[row] == float(verdict.answer == recording.gold)


async def test_policies_that_differ_by_name_share_their_verdicts():
    shared = await replayed()
    vote = POLICIES["vote"]
    renamed = replace(vote, recruiting=replace(vote.recruiting, policy="x"))
    assert shared.outcome(vote) is shared.outcome(renamed)


async def test_where_nobody_replied_the_calls_were_made_all_the_same():
    shared = await replayed()
    silent = replace(shared, recordings=[replace(r, replies={}) for r in TEST])
    found = silent.outcome(POLICIES["vote"])
    assert (found.accuracy, found.mean_calls, found.mean_dollars) == (0.0, 3.0, 0.0)
    assert np.all(found.confidence == 0.0)


def test_auto_is_evaluated_as_it_is_served_by_default():
    assert (PanelSettings().calls, PanelSettings().size) == (MOST_CALLS, MOST_EXPERTS)
