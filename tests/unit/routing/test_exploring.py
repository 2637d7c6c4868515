"""Newcomers get a bounded share of seats, by chance that is told, and earn what they deserve."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.feedback import JOINED, NEWCOMERS, PROFILED, Crowd, regret, share, simulated
from routing.evidence import Evidence, Outcome
from routing.exploring import NONE, TRIAL, Exploration, Seated, explored, upper
from routing.learned import Learned
from routing.recruiting import dice_for
from routing.router import Growth, Recruiting, Router
from routing.types import Candidate, Needs, Question, Ranking
from tests.routes import NoSkills

EXPERTS = ("ada", "ben", "cleo", "zoe")
RANKING = Ranking.of(
    [Candidate(name, c, c) for name, c in {"ada": 0.9, "ben": 0.8, "cleo": 0.7, "zoe": 0.5}.items()]
)
KNOWN = {"ada": 99.0, "ben": 99.0, "cleo": 99.0, "zoe": 0.0}
OFTEN = Exploration(0.3, 10.0)
EVIDENCE = Evidence.of(
    [Outcome(name, "law", score) for name in EXPERTS[:3] for score in (1.0, 1.0, 0.0) * 9]
)


def seated(number, ranking=RANKING, observed=KNOWN, exploration=OFTEN, panel=("ada", "ben")):
    return explored(
        panel, ranking, observed, exploration, lambda: dice_for(f"question {number}", 0)
    )


def router(learned=None, exploration=OFTEN, **options):
    growth = Growth(learned=learned or Learned(10.0), exploration=exploration)
    return Router(EXPERTS, NoSkills(), EVIDENCE, growth=growth, **options)


def told(tenant="acme"):
    learned = Learned(10.0)
    learned.learn(tenant, Evidence.of([Outcome("ada", "law", 1.0)]))
    return learned


def test_a_newcomer_takes_the_last_seat_of_the_share_of_questions_it_may_and_is_asked_first():
    found = Counter(seated(number) for number in range(2000))
    assert found.keys() == {
        Seated(("zoe", "ada"), "zoe", 0.3),
        Seated(("ada", "ben"), "", 0.7),
    }
    assert found[Seated(("zoe", "ada"), "zoe", 0.3)] == pytest.approx(600, abs=80)


@pytest.mark.parametrize("newcomers", [1, 2, 5])
def test_the_propensities_of_all_that_may_happen_sum_to_one(newcomers):
    names = [f"n{i}" for i in range(newcomers)]
    ranking = Ranking.of([Candidate("ada", 0.9, 0.9), *(Candidate(n, 0.5, 0.5) for n in names)])
    observed = {"ada": 99.0} | dict.fromkeys(names, 0.0)
    found = {seated(i, ranking, observed, OFTEN, ("ada",)) for i in range(500)}
    assert len(found) == newcomers + 1
    assert sum(each.propensity for each in found) == pytest.approx(1)


@pytest.mark.parametrize(
    ("observed", "panel"),
    [
        ({**KNOWN, "zoe": 10.0}, ("ada", "ben")),
        (KNOWN, ("ada", "ben", "cleo", "zoe")),
        (KNOWN, ()),
        ({**KNOWN, "zoe": 9.0}, ("ada",)),
    ],
    ids=["well known", "on the panel already", "nobody is asked", "cannot be as good"],
)
def test_whom_nothing_is_to_be_learned_about_is_not_explored(observed, panel):
    everything = Exploration(0.5, 10.0)
    for number in range(50):
        assert seated(number, RANKING, observed, everything, panel) == Seated(panel)


def test_a_low_belief_is_not_believed_before_a_trial():
    ranking = Ranking.of([Candidate("ada", 0.99, 0.99), Candidate("zoe", 0.05, 0.05)])
    assert upper(0.05, TRIAL) < 0.99
    found = {
        tries: any(
            seated(i, ranking, {"ada": 99.0, "zoe": tries}, OFTEN, ("ada",)).newcomer
            for i in range(50)
        )
        for tries in (0.0, TRIAL)
    }
    assert found == {0.0: True, TRIAL: False}


def routes(one, tenant="acme", questions=60, recruiting=Recruiting("vote")):  # noqa: B008
    asked = [Question(f"question {number}") for number in range(questions)]
    return one.recruit_all(asked, [Needs({"law": 1.0})] * questions, recruiting, tenant)


def test_only_who_gives_feedback_is_explored_on():
    one = router(told())
    assert any(route.explored for route in routes(one))
    assert routes(one, "umbrella") == routes(router()) == routes(router(exploration=NONE))
    assert {route.propensity for route in routes(one, "umbrella")} == {1.0}
    assert not any(route.explored for route in routes(router(told(), NONE)))


def test_a_question_is_explored_on_by_itself_whoever_else_asks():
    one, again = router(told()), router(told())
    together = routes(one)
    alone = [
        again.recruit(
            Question(f"question {number}"), Needs({"law": 1.0}), Recruiting("vote"), "acme"
        )
        for number in reversed(range(60))
    ]
    assert together == alone[::-1]
    other_seed = routes(router(told(), seed=1))
    assert [route.explored for route in together] != [route.explored for route in other_seed]


@pytest.mark.parametrize("draw", ["hashed", "uniform", "everyone", "with_replacement"])
def test_draws_that_are_no_ranking_are_left_alone(draw):
    recruiting = Recruiting("any", draw=draw)
    assert not any(route.explored for route in routes(router(told()), recruiting=recruiting))


def test_who_may_not_be_asked_is_not_explored():
    recruiting = Recruiting("vote", barred=frozenset({"zoe"}))
    assert not any(route.explored for route in routes(router(told()), recruiting=recruiting))


CROWD = Crowd(questions=4000, told=1.0, exploration=Exploration(0.1, 10.0))


def quarters(good, crowd):
    log = simulated({**PROFILED, JOINED: good}, crowd)
    step = len(log) // 4
    return [log[start : start + step] for start in range(0, len(log), step)]


def test_a_newcomer_that_is_better_at_one_skill_is_asked_more_and_more_for_it_alone():
    first, *_, last = quarters(NEWCOMERS["better at law"], CROWD)
    early = first[:100]
    assert share(early, "law") < share(first, "law") < share(last, "law")
    assert share(last, "law") > 0.9
    assert share(last, "algebra") < 0.1
    assert regret(last) < regret(first) / 3


def test_a_newcomer_that_is_worse_is_tried_and_let_be():
    first, *_, last = quarters(NEWCOMERS["worse at all"], CROWD)
    assert 0 < share(first, "law") < 0.1
    assert regret(last) < regret(first) / 3


def test_regret_grows_ever_slower_and_without_trying_it_grows_as_fast_as_ever():
    tried = quarters(NEWCOMERS["better at law"], CROWD)
    never = quarters(NEWCOMERS["better at law"], Crowd(4000, 1.0, NONE))
    assert sum(map(regret, tried)) < sum(map(regret, never)) / 3
    assert regret(never[-1]) == pytest.approx(regret(never[0]), rel=0.2)


def test_what_is_learned_of_one_expert_leaves_what_others_are_believed_bit_by_bit():
    learned = told()
    one = router(learned, NONE)
    before = one.recruit(Question("?"), Needs({"law": 1.0}), Recruiting("vote"), "acme")
    learned.learn(
        "acme", Evidence.of([Outcome("ada", "law", 1.0), *[Outcome("zoe", "law", 1.0)] * 5])
    )
    after = one.recruit(Question("?"), Needs({"law": 1.0}), Recruiting("vote"), "acme")
    assert after.competence("zoe") > before.competence("zoe")
    for name in EXPERTS[:3]:
        bits = [np.float64(route.competence(name)).tobytes() for route in (before, after)]
        assert bits[0] == bits[1]


def test_a_router_that_gets_another_expert_routes_as_before_unless_that_one_wins():
    old = Router(EXPERTS[:3], NoSkills(), EVIDENCE)
    new = Router((*EXPERTS[:3], "zoe"), NoSkills(), EVIDENCE)
    needs = Needs({"law": 1.0})
    for number in range(20):
        before = old.recruit(Question(str(number)), needs, Recruiting("vote", size=2))
        after = new.recruit(Question(str(number)), needs, Recruiting("vote", size=2))
        kept = tuple(name for name in after.ranking.experts if name != "zoe")
        assert kept == before.ranking.experts
        assert {n: after.competence(n) for n in kept} == dict(before.ranking.competence)


def test_what_cards_of_newcomers_claim_moves_them_alone():
    claims = Evidence(("zoe",), ("law",), np.array([[1.0]]), np.array([[0.0]]))
    plain = Router(EXPERTS, NoSkills(), EVIDENCE)
    claimed = Router(EXPERTS, NoSkills(), EVIDENCE, growth=Growth(claimed=claims))
    one, other = (
        each.recruit(Question("?"), Needs({"law": 1.0}), Recruiting("vote"))
        for each in (plain, claimed)
    )
    assert other.competence("zoe") > one.competence("zoe")
    assert {n: other.competence(n) for n in EXPERTS[:3]} == {
        n: one.competence(n) for n in EXPERTS[:3]
    }
