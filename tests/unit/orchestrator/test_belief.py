"""The belief over answers: Bayes' rule for votes, weighed by what the evidence says of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import Answer
from orchestrator.belief import Ballot, Vote, agreement, leader
from orchestrator.habits import Habits
from orchestrator.voting import EXTREME, VoteModel

COMPETENCE = st.floats(0, 1)
VOTES = st.lists(
    st.builds(
        Vote,
        st.sampled_from("xyz").map(lambda name: Answer(name, "")),
        st.sampled_from("ABCD"),
        COMPETENCE,
    ),
    max_size=12,
)
SPREAD = np.array([[0.5, 0.3, 0.0], [0.3, 0.6, 0.1], [0.0, 0.1, 0.4]])
MODEL = VoteModel(("x", "y", "w"), SPREAD, np.array([0.9, 0.8, 0.7]), Habits.none(), 0.4)


def vote(answer, competence, expert="ada"):
    return Vote(Answer(expert, answer), answer, competence)


def posterior(votes, possible=10, **rest):
    return Ballot(possible, **rest).posterior(votes)


@given(st.floats(EXTREME, 1 - EXTREME), st.integers(2, 50))
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


@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.floats(EXTREME, 1 - EXTREME)), max_size=6),
)
def test_without_lessons_it_is_a_naive_bayes_vote(said):
    likelihood = {
        answer: np.prod([p if answer == given_ else (1 - p) / 3 for given_, p in said])
        for answer in "ABCD"
    }
    beliefs = posterior([vote(answer, p) for answer, p in said], possible=4)
    for answer, belief in beliefs.items():
        assert belief == pytest.approx(likelihood[answer] / sum(likelihood.values()))


@given(st.floats(0.3, 0.98), st.floats(0.3, 0.98), st.integers(4, 20))
def test_a_second_vote_for_an_answer_raises_it(first, second, possible):
    beliefs = posterior([vote("A", first), vote("A", second)], possible)
    assert beliefs["A"] > max(first, second)


def test_on_more_options_agreement_says_more():
    votes = [vote("A", 0.5), vote("A", 0.5)]
    assert posterior(votes, 10)["A"] > posterior(votes, 4)["A"] > posterior(votes, 2)["A"]


@pytest.mark.parametrize("weighed", [{}, {"model": MODEL}], ids=["naive", "weighed"])
@given(votes=VOTES, possible=st.integers(1, 12))
def test_beliefs_heard_and_unheard_sum_to_one(weighed, votes, possible):
    ballot = Ballot(possible, **weighed)
    beliefs = ballot.posterior(votes)
    assert set(beliefs) == {v.answer for v in votes}
    assert all(0 <= belief <= 1 for belief in beliefs.values())
    unseen = max(possible, len(beliefs), 2) - len(beliefs)
    whole = sum(beliefs.values()) + unseen * ballot.unheard(beliefs)
    assert whole == pytest.approx(1)


def test_an_answer_that_nobody_gave_has_its_share():
    ballot = Ballot(4)
    beliefs = ballot.posterior([vote("A", 0.7)])
    assert ballot.unheard(beliefs) == pytest.approx(0.1)
    assert ballot.unheard({}) == pytest.approx(0.25)
    assert Ballot(2).unheard(posterior([vote("A", 0.8), vote("B", 0.6)], 2)) == pytest.approx(0)


@given(VOTES.flatmap(lambda votes: st.tuples(st.just(votes), st.permutations(votes))))
def test_the_order_of_votes_does_not_matter(both):
    votes, shuffled = both
    for model in ({}, {"model": MODEL}):
        assert posterior(votes, **model) == pytest.approx(posterior(shuffled, **model))


def test_nobody_settles_anything_alone():
    assert posterior([vote("A", 1.0)])["A"] == pytest.approx(1 - EXTREME)
    assert posterior([vote("A", 0.0)])["A"] == pytest.approx(EXTREME)


def test_more_answers_than_possible_still_sum_to_one():
    beliefs = posterior([vote(letter, 0.5) for letter in "ABCDE"], possible=3)
    assert sum(beliefs.values()) == pytest.approx(1)


def test_a_crowd_against_every_answer_there_is_leaves_a_belief():
    crowd = [vote(letter, 0.0) for letter in "AB" for _ in range(300)]
    assert posterior(crowd, 2) == {"A": pytest.approx(0.5), "B": pytest.approx(0.5)}


def test_an_answer_its_expert_also_gives_when_wrong_says_less():
    overall = np.ones((1, 26))
    overall[0, :2] = 3.0, 0.5
    habits = Habits(("x",), (), overall, np.ones((1, 0, 26)))
    ballot = Ballot(4, True, {}, VoteModel((), np.zeros((0, 0)), np.zeros(0), habits))
    often, seldom, neither = (
        ballot.posterior([vote(letter, 0.6, "x")])[letter] for letter in "ABC"
    )
    assert often < neither < seldom
    assert neither == pytest.approx(0.6)


def test_experts_who_err_together_count_for_less_than_two():
    def agreeing(*names):
        return posterior([vote("A", 0.6, name) for name in names], 4, model=MODEL)["A"]

    assert agreeing("x") < agreeing("x", "y") < agreeing("x", "w")


def test_a_tie_goes_to_the_answer_voted_for_first():
    assert leader(posterior([vote("B", 0.6), vote("A", 0.6)]))[0] == "B"
    assert leader(posterior([vote("A", 0.6), vote("B", 0.6)]))[0] == "A"


def test_agreement_is_the_share_of_votes():
    votes = [vote("A", 0.5), vote("B", 0.9), vote("A", 0.5)]
    assert agreement(votes, "A") == pytest.approx(2 / 3)
    assert agreement(votes, None) == 0
    assert agreement([], "A") == 0
