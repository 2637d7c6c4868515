"""What feedback taught counts for its own tenant, and for no more than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.evidence import Evidence, Outcome
from routing.learned import Learned, capped


def said(expert="ada", skill="law", score=1.0, times=1):
    return Evidence.of([Outcome(expert, skill, score)] * times)


def test_a_tenants_feedback_counts_for_its_questions_alone():
    learned = Learned(100.0)
    learned.learn("acme", said())
    assert learned.of("acme").total == 1
    assert learned.of("umbrella") is None
    assert learned.of("") is None


def test_shared_feedback_counts_for_everybody_and_is_capped_for_each_who_gives_it():
    learned = Learned(10.0, shared=True)
    learned.learn("flood", said(times=1000))
    learned.learn("acme", said(score=0.0, times=5))
    everybody = learned.of("umbrella")
    assert (everybody.wins.sum(), everybody.losses.sum()) == (10, 5)
    assert learned.of("acme") is everybody
    learned.learn("flood", Evidence.none(()))
    assert learned.of("umbrella").total == 5


def test_it_is_the_same_object_until_something_changes():
    for shared in (False, True):
        learned = Learned(10.0, shared=shared)
        learned.learn("acme", said())
        before = learned.of("acme")
        assert learned.of("acme") is before
        learned.learn("acme", said(times=2))
        assert learned.of("acme") is not before


def test_what_is_taken_back_or_lost_counts_no_more():
    learned = Learned(10.0)
    learned.learn("acme", said())
    learned.learn("acme", Evidence.none(()))
    assert learned.of("acme") is None
    learned.learn("acme", said())
    learned.forget()
    assert learned.of("acme") is None


@given(st.integers(1, 300), st.integers(0, 300), st.floats(0.1, 200))
def test_a_cap_keeps_the_shares_of_right_and_wrong(right, wrong, most):
    all_of_it = said(times=right) + said(score=0.0, times=wrong) if wrong else said(times=right)
    held = capped(all_of_it, most)
    assert held.total == pytest.approx(min(most, right + wrong))
    assert held.wins.sum() / held.total == pytest.approx(right / (right + wrong))


def test_one_says_how_much_was_given_on_an_expert():
    learned = Learned(10.0)
    learned.learn("acme", said(times=3) + said("ben"))
    learned.learn("umbrella", said(times=2))
    assert (learned.given("ada"), learned.given("ben"), learned.given("zoe")) == (5, 1, 0)
