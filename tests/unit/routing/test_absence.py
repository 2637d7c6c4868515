"""Routes around experts that are left alone for now."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from routing.absence import around
from tests.routes import route_of

BELIEFS = {"ada": 0.9, "ben": 0.8, "cleo": 0.7, "dan": 0.6}


def route(*panel, **stand_ins):
    return replace(route_of(BELIEFS, panel), stand_ins=stand_ins)


def test_where_everybody_is_there_the_route_is_as_it_was():
    before = route("ada", "ben")
    assert around(before, {"cleo"}) is before


def test_the_next_best_takes_the_seat_and_the_route_says_why():
    found = around(route("ada", "ben"), {"ada"})
    assert found.panel == ("ben", "cleo")
    assert found.notes == ("ada has failed lately and is left alone; asked cleo in its place",)


def test_a_stand_in_goes_before_the_next_best():
    assert around(route("ada", ada=("dan",)), {"ada"}).panel == ("dan",)
    assert around(route("ada", ada=("dan",)), {"ada", "dan"}).panel == ("ben",)


def test_a_seat_that_nobody_can_take_is_left_out():
    found = around(route("ada", "ben", "cleo", "dan"), {"ada"})
    assert found.panel == ("ben", "cleo", "dan")
    assert "nobody else can take its seat" in found.notes[0]


def test_where_nobody_is_there_those_who_were_chosen_are_asked_all_the_same():
    before = route("ada", "ben")
    assert around(before, set(BELIEFS)) is before


NAMES = st.sampled_from(list(BELIEFS))


@given(
    st.lists(NAMES, min_size=1, max_size=6),
    st.sets(NAMES),
    st.dictionaries(NAMES, st.tuples(NAMES)),
)
def test_no_absent_expert_is_asked_while_another_is_there(panel, absent, chains):
    found = around(route(*panel, **chains), absent)
    assert len(found.panel) <= len(panel)
    if set(BELIEFS) - absent:
        assert absent.isdisjoint(found.panel)
    kept = [expert for expert in panel if expert not in absent]
    assert all(found.panel.count(expert) >= kept.count(expert) for expert in kept)
