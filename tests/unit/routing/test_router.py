"""The router: the same question has the same route, whoever else is asking."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policies import POLICIES
from routing.affinity import Affinity
from routing.codebook import Codebook
from routing.competence import SKILL_SHARE
from routing.costs import Offer, Thrift
from routing.evidence import Evidence, Outcome
from routing.exact import table_on_grid
from routing.recruiting import DRAWS
from routing.router import SCORES, Recruiting, Router
from routing.sizing import SIZES, Sizing
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


VARIED = {
    "costs": Recruiting("r", thrift=Thrift(2.0, 0.1, most_dollars=0.03)),
    **{rule: Recruiting("r", sizing=Sizing(rule, 0.3), size=4) for rule in SIZES},
    **{draw: Recruiting("r", draw=draw, size=2) for draw in DRAWS},
    **{score: Recruiting("r", score=score) for score in SCORES},
}
OFFERS = {"ada": Offer(0.02, 1.0), "ben": Offer(0.01, 3.0), "cleo": Offer(0.02, 0.1)}


@pytest.mark.parametrize("recruiting", VARIED.values(), ids=VARIED)
async def test_many_routes_at_once_are_the_routes_of_each(recruiting):
    one = await router(affinity=AFFINITY)
    one.offers = OFFERS
    needs = await one.needs(QUESTIONS)
    together = one.recruit_all(QUESTIONS, needs, recruiting)
    alone = [one.recruit(q, n, recruiting) for q, n in zip(QUESTIONS, needs, strict=True)]
    assert together == alone
    assert [r.candidates for r in together] == [r.candidates for r in alone]
    assert one.recruit_all([], [], recruiting) == []


@given(
    weights=st.lists(st.lists(st.floats(0, 1 / 3), min_size=3, max_size=3), max_size=40),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_route_has_the_same_bits_in_any_company(weights, seed):
    one = Router(EXPERTS, NoSkills(), EVIDENCE, AFFINITY)
    drawn = np.random.default_rng(seed).normal(size=(len(weights), DIMENSION))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    needs = [
        Needs(dict(zip(LABELLED.values(), own, strict=True)), vector)
        for own, vector in zip(weights, drawn.astype(np.float32), strict=True)
    ]
    questions = [Question(str(i)) for i in range(len(needs))]
    together = one.recruit_all(questions, needs, Recruiting("auto"))
    backwards = one.recruit_all(questions[::-1], needs[::-1], Recruiting("auto"))
    alone = [one.recruit(q, n, Recruiting("auto")) for q, n in zip(questions, needs, strict=True)]
    assert together == alone == backwards[::-1]


async def test_where_nobody_beats_asking_nobody_the_default_answers():
    recruiting = Recruiting("r", sizing=Sizing("null", 0.99, default="dan"))
    found = await (await router()).route(QUESTIONS[0], recruiting)
    assert found.panel == ("dan",)
    assert "the default dan answers" in found.notes[-1]


async def test_a_default_leads_those_that_are_asked_at_least():
    recruiting = Recruiting("r", sizing=Sizing("null", 0.99, least=2, default="dan"))
    found = await (await router()).route(Question("solve"), recruiting)
    assert found.panel == ("dan", "ada")


async def test_a_cap_on_dollars_is_told_where_it_binds():
    one = await router()
    one.offers = OFFERS
    recruiting = Recruiting("r", thrift=Thrift(most_dollars=0.02))
    found = await one.route(Question("solve"), recruiting)
    assert found.panel == ("ada", "dan")  # dan is free; the third would pass the cap
    assert "the cap of $0.02 a question leaves out" in found.notes[-1]


async def test_an_affinity_speaks_of_its_experts_whatever_their_order():
    skilled, near = await router(), await router((*EXPERTS, "zoe"), affinity=AFFINITY)
    question = Question("solve the equation")
    [needs] = await near.needs([question])
    gains = dict(zip(AFFINITY.experts, AFFINITY.gains(needs.vector[None])[0], strict=True))
    terms = {
        c.expert: [term.value for term in c.terms if term.name == "questions like it"]
        for c in near.recruit(question, needs, Recruiting("auto")).candidates
    }
    share = 1 - SKILL_SHARE
    assert terms == {**{name: [share * gain] for name, gain in gains.items()}, "zoe": [0.0]}
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
