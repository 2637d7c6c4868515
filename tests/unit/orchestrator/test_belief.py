"""The belief over answers: Bayes' rule for votes of experts who err independently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import Answer
from orchestrator.belief import SURE, Vote, agreement, leader, posterior

COMPETENCE = st.floats(0, 1)
VOTES = st.lists(
    st.builds(Vote, st.just(Answer("ada", "")), st.sampled_from("ABCD"), COMPETENCE), max_size=12
)


def vote(answer, competence):
    return Vote(Answer("ada", answer), answer, competence)


@given(st.floats(1 - SURE, SURE), st.integers(2, 50))
def test_one_vote_is_believed_as_far_as_its_expert(competence, possible):
    assert posterior([vote("A", competence)], possible) == {"A": pytest.approx(competence)}


def test_two_opposed_votes_on_two_options_leave_nothing_for_a_third():
    beliefs = posterior([vote("A", 0.8), vote("B", 0.6)], possible=2)
    assert beliefs == {"A": pytest.approx(8 / 11), "B": pytest.approx(3 / 11)}


def test_two_opposed_votes_on_four_options_by_hand():
    # A: .7 x .5/3; B: .3/3 x .5; two others: .3/3 x .5/3 each
    beliefs = posterior([vote("A", 0.7), vote("B", 0.5)], possible=4)
    total = 0.7 * 0.5 / 3 + 0.1 * 0.5 + 2 * 0.1 * 0.5 / 3
    assert beliefs == {
        "A": pytest.approx(0.7 * 0.5 / 3 / total),
        "B": pytest.approx(0.05 / total),
    }


@given(st.floats(0.3, 0.98), st.floats(0.3, 0.98), st.integers(4, 20))
def test_a_second_vote_for_an_answer_raises_it(first, second, possible):
    beliefs = posterior([vote("A", first), vote("A", second)], possible)
    assert beliefs["A"] > max(first, second)


def test_on_more_options_agreement_says_more():
    votes = [vote("A", 0.5), vote("A", 0.5)]
    assert posterior(votes, 10)["A"] > posterior(votes, 4)["A"] > posterior(votes, 2)["A"]


@given(VOTES, st.integers(1, 12))
def test_beliefs_are_shares_of_at_most_one(votes, possible):
    beliefs = posterior(votes, possible)
    assert all(0 <= belief <= 1 for belief in beliefs.values())
    assert sum(beliefs.values()) <= 1 + 1e-9
    assert set(beliefs) == {v.answer for v in votes}


@given(VOTES.flatmap(lambda votes: st.tuples(st.just(votes), st.permutations(votes))))
def test_the_order_of_votes_does_not_matter(both):
    votes, shuffled = both
    assert posterior(votes) == pytest.approx(posterior(shuffled))


def test_nobody_settles_anything_alone():
    assert posterior([vote("A", 1.0)])["A"] == pytest.approx(SURE)
    assert posterior([vote("A", 0.0)])["A"] == pytest.approx(1 - SURE)


def test_more_answers_than_possible_still_sum_to_one():
    beliefs = posterior([vote(letter, 0.5) for letter in "ABCDE"], possible=3)
    assert sum(beliefs.values()) == pytest.approx(1)


def test_a_tie_goes_to_the_answer_voted_for_first():
    assert leader(posterior([vote("B", 0.6), vote("A", 0.6)]))[0] == "B"
    assert leader(posterior([vote("A", 0.6), vote("B", 0.6)]))[0] == "A"


def test_agreement_is_the_share_of_votes():
    votes = [vote("A", 0.5), vote("B", 0.9), vote("A", 0.5)]
    assert agreement(votes, "A") == pytest.approx(2 / 3)
    assert agreement(votes, None) == 0
    assert agreement([], "A") == 0
