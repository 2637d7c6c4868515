"""What the operator says of panels becomes the policy `auto`."""

import os

import numpy as np

from api.knowledge import auto, claimed, subject
from api.settings import PanelSettings
from experts.cards import ScriptedCard
from orchestrator.lessons import UNTAUGHT
from routing.evidence import Evidence, Outcome
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
    assert not found.losses.any()


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
