"""The router: the same question has the same route, whoever else is asking."""

from itertools import permutations

import numpy as np
import pytest

from orchestrator.policies import POLICIES
from routing.affinity import Affinity
from routing.codebook import Codebook
from routing.evidence import Evidence, Outcome
from routing.exact import table_on_grid
from routing.router import SCORES, Recruiting, Router
from routing.skills import NearestSkills
from routing.types import Needs, Question, Ranking
from tests.encoders import DIMENSION, BagOfWords
from tests.routes import NoSkills

EXPERTS = ("ada", "ben", "cleo", "dan")
LABELLED = {"solve the equation": "algebra", "sign the contract": "law", "prove it": "logic"}
GOOD_AT = {"ada": "algebra", "ben": "law", "cleo": "logic", "dan": None}
EVIDENCE = Evidence.of(
    Outcome(expert, skill, score)
    for expert, good in GOOD_AT.items()
    for skill in LABELLED.values()
    for score in [float(skill == good)] * 9 + [0.0, 1.0]
)
SLOPES = np.random.default_rng(0).normal(0, 0.5, (4, DIMENSION)).astype(np.float32)
AFFINITY = Affinity(("dan", "ben", "ada", "cleo"), table_on_grid(SLOPES), np.zeros(4, np.float32))
QUESTIONS = [Question(text) for text in ("solve x", "sign the deed", "prove this equation", "?")]


async def router(experts=EXPERTS, evidence=EVIDENCE, affinity=None, seed=0):
    encoder = BagOfWords()
    vectors = await encoder.encode(list(LABELLED))
    channel = NearestSkills(encoder, Codebook.of(vectors, list(LABELLED.values())))
    return Router(experts, channel, evidence, affinity, seed)


@pytest.mark.parametrize("affinity", [None, AFFINITY], ids=["skills", "skills and embedding"])
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_a_route_depends_on_no_other_question(policy, affinity):
    one = await router(affinity=affinity)
    alone = {q: await one.route(q, policy.recruiting) for q in QUESTIONS}
    for order in permutations(QUESTIONS):
        needed = await one.needs(order)
        together = [
            one.recruit(q, n, policy.recruiting) for q, n in zip(order, needed, strict=True)
        ]
        assert together == [alone[q] for q in order]
        assert [r.candidates for r in together] == [alone[q].candidates for q in order]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_a_route_depends_on_no_order_of_experts(policy):
    turned = Affinity(AFFINITY.experts[::-1], AFFINITY.slopes[::-1], AFFINITY.base[::-1])
    one, other = await router(affinity=AFFINITY), await router(EXPERTS[::-1], affinity=turned)
    for question in QUESTIONS:
        found = await one.route(question, policy.recruiting)
        again = await other.route(question, policy.recruiting)
        assert found == again
        assert found.candidates == again.candidates


async def test_an_affinity_speaks_of_its_experts_whatever_their_order():
    skilled, near = await router(), await router((*EXPERTS, "zoe"), affinity=AFFINITY)
    question = Question("solve the equation")
    [needs] = await near.needs([question])
    gains = dict(zip(AFFINITY.experts, AFFINITY.gains(needs.vector[None])[0], strict=True))
    terms = {
        c.expert: [term.value for term in c.terms if term.name == "questions like it"]
        for c in near.recruit(question, needs, Recruiting("auto")).candidates
    }
    assert terms == {**{name: [gain / 2] for name, gain in gains.items()}, "zoe": [0.0]}
    plain = skilled.recruit(question, needs, Recruiting("auto")).candidates
    assert all(term.name != "questions like it" for c in plain for term in c.terms)


async def test_the_ranking_agrees_with_its_reasons():
    near = await router(affinity=AFFINITY)
    for question in QUESTIONS:
        ranking = (await near.route(question, Recruiting("auto"))).ranking
        assert Ranking.of(ranking.explain()) == ranking


async def test_the_specialist_leads_the_panel():
    found = await (await router()).route(Question("solve the equation"), Recruiting("single"))
    assert found.panel[0] == "ada"
    assert found.skills[0][0] == "algebra"
    assert len(found.panel) == len(set(found.panel)) == 3
    assert found.notes == ()


async def test_best_single_does_not_look_at_the_question():
    recruiting = Recruiting("best-single", score="overall", size=1)
    routes = [await (await router()).route(question, recruiting) for question in QUESTIONS]
    assert {route.panel for route in routes} == {("ada",)}  # ada, ben and cleo tie; ada is first


async def test_another_seed_draws_another_panel():
    recruiting = Recruiting("random", draw="uniform", size=2)
    panels = {
        (await (await router(seed=seed)).route(QUESTIONS[0], recruiting)).panel
        for seed in range(20)
    }
    assert len(panels) > 3


async def test_every_expert_is_a_candidate_even_one_never_seen():
    found = await (await router((*EXPERTS, "zoe"))).route(QUESTIONS[0], Recruiting("auto"))
    assert {candidate.expert for candidate in found.candidates} == {*EXPERTS, "zoe"}


async def test_experts_that_are_gone_are_no_candidates():
    found = await (await router(("ben",))).route(QUESTIONS[0], Recruiting("auto"))
    assert found.panel == ("ben",)


def test_a_router_without_evidence_says_so():
    new = Router(EXPERTS, NoSkills(), Evidence.none(EXPERTS))
    found = new.recruit(QUESTIONS[0], Needs({}), Recruiting("auto"))
    assert found.panel == ("ada", "ben", "cleo")
    assert "no evidence yet" in found.notes[0]


async def test_a_question_like_none_seen_is_noted():
    found = await (await router()).route(Question("?"), Recruiting("auto"))
    assert (found.skills, found.panel) == ((), ("ada", "ben", "cleo"))
    assert "like none seen" in found.notes[0]


async def test_new_evidence_changes_the_next_route():
    one = await router()
    luckier = Evidence.of([Outcome("dan", "algebra", 1.0)] * 200)
    one.evidence += luckier
    assert (await one.route(Question("solve"), Recruiting("auto"))).panel[0] == "dan"


async def test_a_pinned_expert_is_alone():
    found = (await router()).pinned("ben")
    assert (found.policy, found.panel) == ("ben", ("ben",))
    assert [candidate.expert for candidate in found.candidates] == ["ben"]
    assert found.notes == ("the request names its expert",)


def test_an_expert_that_was_no_candidate_is_an_even_guess():
    found = Router(EXPERTS, NoSkills(), EVIDENCE).pinned("ben")
    assert found.competence("zoe") == 0.5
    assert found.competence("ben") == found.candidates[0].competence


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_every_score_copes_with_no_experts(score):
    nobody = Router((), NoSkills(), EVIDENCE)
    recruiting = Recruiting("any", next(name for name, s in SCORES.items() if s is score))
    assert nobody.recruit(QUESTIONS[0], Needs({"law": 1.0}), recruiting).panel == ()


def test_skills_are_told_heaviest_first_and_ties_by_name():
    found = Router(EXPERTS, NoSkills(), EVIDENCE).recruit(
        QUESTIONS[0], Needs({"law": 0.5, "algebra": 0.25, "logic": 0.25}), Recruiting("auto")
    )
    assert [skill for skill, _ in found.skills] == ["law", "algebra", "logic"]
    assert np.isclose(sum(weight for _, weight in found.skills), 1)
