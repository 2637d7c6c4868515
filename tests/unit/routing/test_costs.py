"""Costs: what a dollar is worth to a policy, and a cap that no panel passes."""

from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.cards import Price
from routing.costs import Offer, Thrift, charged, within
from routing.types import Candidate, Ranking, Term

NAMES = [f"e{i}" for i in range(8)]
# Sixteenths: their products and sums have no rounding that could turn a tie.
POOLS = st.lists(
    st.tuples(*[st.integers(0, most).map(lambda n: n / 16) for most in (16, 32, 80)]), max_size=8
)
LAMBDAS = st.integers(0, 160).map(lambda n: n / 16)


def world(pool):
    """A ranking and the offers of its experts, from (score, dollars, seconds)."""
    found = [
        Candidate(name, score, score, (Term("overall", score),))
        for name, (score, _, _) in zip(NAMES, pool, strict=False)
    ]
    offers = {n: Offer(dollars, s) for n, (_, dollars, s) in zip(NAMES, pool, strict=False)}
    return Ranking.of(found), offers


def spent(panel, offers):
    return sum(offers[expert].dollars for expert in panel)


@given(POOLS, LAMBDAS, LAMBDAS, st.integers(1, 8))
def test_the_dearer_a_dollar_the_fewer_are_spent(pool, one, other, size):
    ranking, offers = world(pool)
    less, more = sorted([one, other])
    panels = [charged(ranking, offers, Thrift(p)).experts[:size] for p in (less, more)]
    if less < more:
        assert spent(panels[1], offers) <= spent(panels[0], offers) + 1e-9


@given(POOLS, LAMBDAS, LAMBDAS, st.integers(1, 8))
def test_the_dearer_a_second_the_fewer_are_waited(pool, one, other, size):
    ranking, offers = world(pool)
    waits = [
        sum(offers[e].seconds for e in charged(ranking, offers, thrift).experts[:size])
        for thrift in (Thrift(per_second=p) for p in sorted([one, other]))
    ]
    assert one == other or waits[1] <= waits[0] + 1e-9


@given(POOLS, LAMBDAS, LAMBDAS)
def test_reasons_still_sum_to_the_score_and_competence_is_untouched(pool, dollar, second):
    ranking, offers = world(pool)
    found = charged(ranking, offers, Thrift(dollar, second))
    assert Ranking.of(found.explain()) == found
    assert found.competence == ranking.competence
    for candidate in found.explain():
        assert reduce(add, (term.value for term in candidate.terms)) == candidate.score


def test_price_and_delay_are_terms_of_their_own():
    ranking, _ = world([(0.8, 0, 0)])
    [candidate] = charged(ranking, {"e0": Offer(0.02, 1.5)}, Thrift(5, 0.1)).explain()
    assert candidate.terms[1:] == (Term("price $0.02", -0.1), Term("delay 1.5 s", -0.1 * 1.5))


def test_where_money_is_no_object_nothing_changes():
    ranking, offers = world([(0.5, 9, 9), (0.4, 0, 0)])
    assert charged(ranking, offers, Thrift()) is ranking
    assert within(("e0",), ranking, offers, None) == (("e0",), ())


def test_an_expert_without_an_offer_is_free():
    ranking, _ = world([(0.5, 0, 0), (0.4, 0, 0)])
    assert charged(ranking, {"e0": Offer(1)}, Thrift(1)).experts == ("e1", "e0")


@given(POOLS, st.floats(0, 6), st.integers(0, 8))
def test_no_panel_passes_the_cap(pool, most, size):
    ranking, offers = world(pool)
    drawn = ranking.experts[:size]
    panel, notes = within(drawn, ranking, offers, most)
    assert spent(panel, offers) <= most + 1e-9
    assert len(panel) <= len(drawn)
    assert (panel == drawn) == (notes == ())


def test_the_next_best_that_fits_takes_the_place():
    ranking, offers = world([(0.9, 1, 0), (0.8, 5, 0), (0.7, 1, 0)])
    panel, notes = within(("e0", "e1"), ranking, offers, 2.0)
    assert panel == ("e0", "e2")
    assert notes == ("the cap of $2 a question leaves out e1",)


def test_one_drawn_twice_is_paid_twice():
    ranking, offers = world([(0.9, 1, 0), (0.8, 5, 0)])
    panel, notes = within(("e0", "e0"), ranking, offers, 1.5)
    assert panel == ("e0",)
    assert "leaves out e0" in notes[0]


def test_a_cap_that_nobody_fits_leaves_nobody():
    ranking, offers = world([(0.9, 1, 0)])
    assert within(("e0",), ranking, offers, 0.5) == (
        (),
        ("the cap of $0.5 a question leaves out e0",),
    )


@pytest.mark.parametrize(("price", "dollars"), [(Price(input=2, output=8), 0.0046), (None, 0.0)])
def test_an_offer_is_a_cards_price_for_a_typical_exchange(price, dollars):
    assert Offer.of(price, 300, 500, 1.5) == Offer(pytest.approx(dollars), 1.5)
