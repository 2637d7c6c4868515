"""Exchanges: within the loss, for whom no weights move, in a sensible order, and told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.exchange import RESIDENT, WANTED, at_hand, exchanged
from routing.types import Candidate, Ranking
from tests.routes import route_of

COMPETENCE = {"ada": 0.71, "ben": 0.70, "cleo": 0.66, "dan": 0.5}


def there(*names):
    return dict.fromkeys(names, RESIDENT)


def test_who_is_hardly_better_gives_way_to_one_that_is_there_and_the_route_says_so():
    route = exchanged(route_of(COMPETENCE, ["ada"]), there("ben", "dan"), 0.02)
    assert route.panel == ("ben",)
    assert route.notes == (
        "would have asked ada (0.71); asked ben (0.70), whose weights are resident",
    )


def test_notes_of_the_route_are_kept():
    route = replace(route_of(COMPETENCE, ["ada"]), notes=("no evidence yet",))
    assert exchanged(route, there("ben"), 0.02).notes[0] == "no evidence yet"


@pytest.mark.parametrize(
    ("panel", "at_hand", "loss"),
    [
        (["ada"], there("cleo"), 0.02),
        (["ada"], there("ada", "ben"), 0.02),
        (["ada", "ben"], there("ben"), 0.5),
        (["ada"], {}, 1.0),
    ],
    ids=["worth the loading", "there already", "on the panel already", "nobody is there"],
)
def test_a_route_stays_where_nobody_else_would_do(panel, at_hand, loss):
    route = route_of(COMPETENCE, panel)
    assert exchanged(route, at_hand, loss) is route


def test_the_best_of_those_that_are_there_takes_the_seat():
    assert exchanged(route_of(COMPETENCE, ["ada"]), there("dan", "cleo"), 0.3).panel == ("cleo",)


def test_two_seats_are_not_given_to_one_expert():
    route = exchanged(route_of(COMPETENCE, ["ada", "ben"]), there("cleo"), 0.1)
    assert route.panel == ("ben", "cleo")
    assert len(route.notes) == 1


def test_the_better_expert_is_still_asked_first():
    assert exchanged(route_of(COMPETENCE, ["ada", "ben"]), there("ben", "dan"), 0.3).panel == (
        "ben",
        "dan",
    )


def test_a_panel_that_was_in_another_order_keeps_its_seats():
    assert exchanged(route_of(COMPETENCE, ["dan", "ada"]), there("ben", "dan"), 0.1).panel == (
        "dan",
        "ben",
    )


def test_one_that_is_there_but_dear_does_not_take_the_seat_of_a_cheap_one():
    cheap, dear = Candidate("ada", 0.71, 0.71), Candidate("ben", 0.70, 0.30)
    route = replace(route_of({}, ["ada"]), ranking=Ranking.of([cheap, dear]))
    assert exchanged(route, there("ben"), 0.05) is route


def test_whom_many_questions_recruit_is_worth_loading_for_one_more():
    routes = [route_of(COMPETENCE, ["ada", "dan"])] * 3 + [route_of(COMPETENCE, ["ben", "ben"])] * 2
    assert at_hand({"dan"}, routes, 3) == {"ada": WANTED, "dan": RESIDENT}


RATES = st.sampled_from([0.4, 0.5, 0.6, 0.65, 0.7, 0.8])


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), RATES, min_size=1),
    st.integers(1, 5),
    st.sets(st.sampled_from("abcdefgh")),
    st.floats(0, 1),
)
def test_every_seat_is_filled_once_and_loses_no_more_than_it_may(rates, size, names, loss):
    ranking = route_of(rates).ranking
    before = replace(route_of(rates), panel=ranking.experts[:size])
    after = exchanged(before, there(*names), loss)
    assert len(set(after.panel)) == len(before.panel)
    left, come = (set(a.panel) - set(b.panel) for a, b in [(before, after), (after, before)])
    assert come <= names
    assert not left & names
    lost = sum(map(before.competence, left)) - sum(map(before.competence, come))
    assert lost <= loss * len(left) + 1e-9
    assert list(after.panel) == sorted(after.panel, key=ranking.experts.index)
    assert len(after.notes) == len(left)
