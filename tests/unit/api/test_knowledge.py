"""What the operator says of panels becomes the policy `auto`."""

import os

import numpy as np
import pytest

from api.knowledge import auto, claimed, subject
from api.settings import PanelSettings
from experts.cards import ScriptedCard
from orchestrator.lessons import UNTAUGHT
from routing.competence import Competence
from routing.evidence import Evidence, Outcome
from routing.updated import Updated
from tests.rosters import scripted, settings

KNOWN = Evidence.of([Outcome("ada", skill, 1.0) for skill in ("algebra", "law", "logic")])


def test_nobody_is_exchanged_unless_the_operator_permits_a_loss():
    assert auto(PanelSettings(), UNTAUGHT).exchange == 0.0
    assert auto(PanelSettings(exchange=0.02), UNTAUGHT).exchange == 0.02


def test_who_joins_is_believed_one_right_answer_over_the_skills_it_claims_and_no_more():
    skills = [(), ("law",), ("law", "logic", "heraldry")]
    cards = {f"new{len(own)}": ScriptedCard(kind="scripted", skills=own) for own in skills}
    found = claimed({**cards, "ada": ScriptedCard(kind="scripted", skills=("law",))}, KNOWN)
    assert found.experts == ("new0", "new1", "new3")
    np.testing.assert_allclose(found.wins, [[0, 0, 0], [0, 1, 0], [0, 0.5, 0.5]])
    assert not found.losses.any()  # as all answers that are known of are right


def test_who_joins_is_believed_as_who_was_there_with_the_same_claims():
    cards = {"ada": ("law",), "ben": ("logic",), "cleo": ("poetry",)}
    known = Evidence.of(
        [
            Outcome(expert, skill, float(skill in own))
            for expert, own in cards.items()
            for skill in ("law", "logic", "poetry")
        ]
    )
    evidence = claimed({"new": ScriptedCard(kind="scripted", skills=("law",))}, known)
    before = Competence(known.over([*cards, "new"]))
    found = Updated(before, evidence)
    np.testing.assert_allclose(found.overall[3], found.overall[0])
    law, logic = (found.evidence.skills.index(skill) for skill in ("law", "logic"))
    assert found.by_skill[3, law] > found.overall[3] > found.by_skill[3, logic]


def test_claims_weigh_little_where_hardly_an_answer_is_right():
    known = Evidence.of([Outcome("ada", skill, 0.01) for skill in ("algebra", "law")])
    found = claimed({"new": ScriptedCard(kind="scripted", skills=("law",))}, known)
    assert found.total == pytest.approx(5.0)


def test_knowledge_is_about_the_profile_and_what_cards_claim_and_nothing_else(tmp_path):
    profile = tmp_path / "profile.jsonl"
    routing = {"profile": str(profile)}
    one = subject(settings(routing=routing))
    profile.write_text("[]")
    two = subject(settings(routing=routing))
    assert two == subject(settings(routing={**routing, "seed": 4}, panel={"size": 2}))
    os.utime(profile, ns=(1, 1))
    three = subject(settings(routing=routing))
    claims = {"ada": scripted(skills=["law"]), "ben": scripted("The answer is 5.")}
    four = subject(settings(claims, routing=routing))
    assert len({one, two, three, four, subject(settings())}) == 5
