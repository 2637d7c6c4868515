"""Vote weights: what is said together counts once, what is said independently adds up."""

import math
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import voting
from orchestrator.habits import Habits
from orchestrator.voting import NAIVE, logodds, spoken
from tests.worlds import ballots_of, random_ballots


def fitted(ballots, competence=0.6):
    """The model, when everyone is believed right at one rate."""
    believed = np.full(ballots.answers.shape, competence)
    return voting.fit(ballots, spoken(believed, ballots, np.ones(believed.shape)), Habits.none())


def with_a_copy(questions=3000, seed=0, **rest):
    """Experts a, b and c err independently; d says what c says."""
    three = random_ballots(np.random.default_rng(seed), questions, 3, abstains=0.0, **rest)
    return ballots_of(np.column_stack([three.answers, three.answers[:, 2]]), three.gold)


class TestWhatOneReplySays:
    def test_by_hand(self):
        assert logodds(0.7, 4) == pytest.approx(math.log(0.7 * 3 / 0.3))
        assert logodds(0.7, 4, habit=2.0) == pytest.approx(math.log(0.7 * 3 / 0.3 / 2))

    def test_a_guess_says_nothing(self):
        assert logodds(0.25, 4) == pytest.approx(0)

    @pytest.mark.parametrize("competence", [0.0, 1.0])
    def test_nobody_is_certain(self, competence):
        assert math.isfinite(logodds(competence, 4))
        assert abs(logodds(competence, 2)) == pytest.approx(math.log(0.98 / 0.02))

    @given(st.integers(0, 100))
    def test_many_are_the_same_as_one(self, seed):
        rng = np.random.default_rng(seed)
        ballots = random_ballots(rng, questions=8)
        competence, habits = rng.random((8, 4)), rng.uniform(0.2, 3.0, (8, 4))
        said = spoken(competence, ballots, habits)
        for row, column in np.ndindex(8, 4):
            alone = logodds(competence[row, column], 4, habits[row, column])
            given_any = ballots.answers[row, column] >= 0
            assert said[row, column] == pytest.approx(alone if given_any else 0.0)


def test_the_naive_vote_weighs_everyone_as_one():
    assert NAIVE.weights(("a", "b", "a")) == (1.0, 1.0, 1.0)
    assert NAIVE.weights(()) == ()


def test_independent_equals_weigh_equally_and_a_second_one_adds_as_much():
    ballots = random_ballots(np.random.default_rng(0), questions=5000, abstains=0.0)
    model = fitted(ballots)
    alone = model.weights(("a",))[0]
    together = model.weights(("a", "b", "c", "d"))
    assert together == pytest.approx((alone,) * 4, rel=0.1)


def test_an_expert_and_its_copy_together_weigh_as_one():
    model = fitted(with_a_copy())
    c, d = model.weights(("c", "d"))
    assert c == pytest.approx(d)
    assert c + d == pytest.approx(model.weights(("c",))[0], rel=0.1)
    a, _, c, d = model.weights(("a", "b", "c", "d"))
    assert c + d == pytest.approx(a, rel=0.2)


def test_a_copy_is_not_noticed_in_a_handful_of_questions():
    little, much = (fitted(with_a_copy(n)).weights(("a", "c", "d")) for n in (20, 3000))
    assert little[1] / little[0] > 1.3 * much[1] / much[0]


def test_weights_do_not_depend_on_the_order_of_voters():
    model = fitted(with_a_copy(200))
    whole = dict(zip("abcd", model.weights(tuple("abcd")), strict=True))
    for order in permutations("abcd"):
        fresh = replace(model)  # remembers nothing
        assert fresh.weights(order) == tuple(whole[voter] for voter in order)


def test_an_expert_voting_twice_shares_one_weight():
    model = fitted(with_a_copy(200))
    a, b = model.weights(("a", "b"))
    assert model.weights(("a", "b", "a")) == pytest.approx((a / 2, b, a / 2))


def test_a_stranger_weighs_as_an_average_expert():
    ballots = random_ballots(np.random.default_rng(1), questions=5000, abstains=0.0)
    model = fitted(ballots)
    assert model.weights(("zoe",))[0] == pytest.approx(model.weights(("a",))[0], rel=0.1)
    *known, stranger = model.weights(("a", "b", "zoe"))
    assert stranger == pytest.approx(sum(known) / 2, rel=0.1)


def test_two_strangers_are_not_one_expert():
    model = fitted(random_ballots(np.random.default_rng(1), questions=5000, abstains=0.0))
    together = model.weights(("zoe", "yan"))
    assert together == pytest.approx(model.weights(("zoe",)) * 2, rel=0.1)


def test_strangers_err_together_as_much_as_others_do():
    everyone_errs_alike = ballots_of(np.zeros((400, 4)), np.arange(400) % 2)
    model = fitted(everyone_errs_alike)
    assert sum(model.weights(("y", "z"))) < 1.2 * model.weights(("z",))[0]


def test_a_lone_expert_can_be_fitted_and_joined_by_strangers():
    model = fitted(random_ballots(np.random.default_rng(0), experts=1))
    a, y, z = model.weights(("a", "y", "z"))
    assert a == pytest.approx(y) == pytest.approx(z)


def test_a_model_of_another_scale_remembers_nothing_of_the_first():
    model = fitted(with_a_copy(200))
    once = model.weights(("a", "b"))
    double = replace(model, scale=2.0)
    assert double.weights(("a", "b")) == pytest.approx([2 * weight for weight in once])
    assert model.weights(("a", "b")) == once


def test_one_whose_word_is_no_better_than_chance_is_not_heard_backwards():
    ballots = random_ballots(np.random.default_rng(0), questions=200, experts=3, right=0.25)
    believed_for_nothing = np.where(ballots.right, 0.2, 0.6)  # the firmer, the likelier wrong
    said = spoken(believed_for_nothing, ballots, np.ones(believed_for_nothing.shape))
    model = voting.fit(ballots, said, Habits.none())
    assert model.weights(("a",)) == (0.0,)


ODD = {
    "nobody is ever wrong": lambda n: (np.zeros((n, 3)), np.zeros(n)),
    "nobody is ever right": lambda n: (np.tile([0, 1, 2], (n, 1)), np.full(n, 3)),
    "nobody votes": lambda n: (np.full((n, 3), -1), np.zeros(n)),
    "one never votes": lambda n: (np.tile([0, 1, -1], (n, 1)), np.arange(n) % 2),
    "all say one thing": lambda n: (np.zeros((n, 3)), np.arange(n) % 2),
}


@pytest.mark.parametrize("possible", [2, 4, 26])
@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
def test_odd_evidence_gives_finite_weights(case, possible):
    model = fitted(ballots_of(*case(40), possible))
    for voters in (("a",), ("a", "b", "c"), ("a", "z"), ("y", "z", "a")):
        assert all(map(math.isfinite, model.weights(voters)))


def test_more_open_answers_than_were_thought_of_leave_a_valid_covariance():
    everyone_wrong_in_its_own_way = ballots_of(
        np.tile(np.arange(20), (100, 1)), np.full(100, 20), 10, "abcdefghijklmnopqrst", False
    )
    model = fitted(everyone_wrong_in_its_own_way)
    assert (np.linalg.eigvalsh(model.spread) > 0).all()


@settings(max_examples=30)
@given(
    st.integers(0, 10_000),
    st.integers(1, 6),
    st.integers(2, 12),
    st.sampled_from([1, 2, 5, 30]),
    st.sampled_from([0.0, 0.3, 0.9, 1.0]),
)
def test_weights_are_finite_for_every_set(seed, experts, possible, questions, right):
    rng = np.random.default_rng(seed)
    model = fitted(random_ballots(rng, questions, experts, possible, right, 0.2), rng.random())
    names = [*model.experts, "y", "z"]
    for count in range(1, len(names) + 1):
        for voters in combinations(names, count):
            assert all(map(math.isfinite, model.weights(voters)))


@given(st.integers(0, 1000))
def test_log_odds_of_many_questions_equal_the_weights_of_one(seed):
    rng = np.random.default_rng(seed)
    ballots = random_ballots(rng, questions=25, abstains=0.3)
    said = spoken(rng.random((25, 4)), ballots, np.ones((25, 4)))
    model = replace(voting.fit(ballots, said, Habits.none()), scale=0.3)
    order = rng.permuted(np.tile(np.arange(4), (25, 1)), axis=1)[:, :3]
    rows = np.arange(25)[:, None]
    answered = ballots.answers[rows, order] >= 0
    table = model.logodds(order, answered, said[rows, order])
    for row in range(25):
        who = [column for column, any_ in zip(order[row], answered[row], strict=True) if any_]
        weights = model.weights(tuple(model.experts[column] for column in who))
        alone = [weight * said[row, column] for weight, column in zip(weights, who, strict=True)]
        assert table[row][answered[row]].tolist() == pytest.approx(alone, rel=1e-9, abs=1e-12)
        assert not table[row][~answered[row]].any()
