"""A profile: graded questions become skills, evidence and a channel to look them up."""

import pytest

from routing.competence import Competence
from routing.profile import Graded, Profile, claims
from routing.types import Needs, Question
from tests.encoders import BagOfWords


def graded(question, skill, **scores):
    return Graded(question, skill, tuple(scores.items()))


LABELLED = [
    graded("solve the equation", "algebra", ada=1.0, ben=0.0),
    graded("sign the contract", "law", ada=0.0, ben=0.5),
    graded("solve for x", "algebra", ada=1.0),
]


async def test_scores_are_counted_by_expert_and_skill():
    evidence = (await Profile.of(LABELLED, BagOfWords())).evidence
    assert evidence.experts == ("ada", "ben")
    assert evidence.skills == ("algebra", "law")
    assert evidence.wins.tolist() == [[2.0, 0.0], [0.0, 0.5]]
    assert evidence.losses.tolist() == [[0.0, 1.0], [1.0, 0.5]]


async def test_its_channel_finds_the_skills_of_new_questions():
    encoder = BagOfWords()
    channel = (await Profile.of(LABELLED, encoder)).channel(encoder)
    [found] = await channel.needs([Question("solve this")])
    assert next(iter(found.skills)) == "algebra"


async def test_questions_without_a_skill_get_their_cluster():
    mixed = [*LABELLED, *[graded(f"name city {i}", None, ada=1.0) for i in range(3)]]
    assert (await Profile.of(mixed, BagOfWords())).skills == (
        *("algebra", "law", "algebra"),
        *["cluster 0"] * 3,
    )


async def test_a_profile_of_nothing_knows_nothing_and_loads_no_model():
    encoder = BagOfWords()
    nothing = await Profile.of([], encoder)
    assert nothing.evidence.total == 0
    [found] = await nothing.channel(encoder).needs([Question("a")])
    assert found.skills == {}
    assert not nothing.affinity(["ada"])
    assert encoder.encoded == []


async def test_a_claimed_skill_raises_its_claimants_a_little():
    claimed = claims({"ada": ["algebra"], "ben": ["law"], "cleo": []})
    assert [item.skill for item in claimed] == ["algebra", "law"]
    profile = await Profile.of(claimed, BagOfWords())
    found = Competence(profile.evidence).candidates(Needs({"law": 1.0}))
    assert found[0].expert == "ben"
    assert found[0].competence < 0.7


async def test_a_handful_of_graded_questions_overrules_a_claim():
    claimed = claims({"ada": ["law"], "ben": []})
    seen = [graded(f"question {i} of law", "law", ada=0.0, ben=1.0) for i in range(5)]
    profile = await Profile.of([*claimed, *seen], BagOfWords())
    assert Competence(profile.evidence).candidates(Needs({"law": 1.0}))[0].expert == "ben"


def test_nobody_claims_nothing():
    assert claims({}) == claims({"ada": []}) == []


@pytest.mark.parametrize("order", [1, -1], ids=["as read", "reversed"])
async def test_the_order_of_labelled_questions_does_not_matter_to_evidence(order):
    evidence = (await Profile.of(LABELLED[::order], BagOfWords())).evidence
    assert evidence.wins.tolist() == [[2.0, 0.0], [0.0, 0.5]]
