"""Habits: planted ones are found, and little evidence makes none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.habits import Habits
from tests.worlds import ballots_of, random_ballots

NO_SKILLS = np.zeros((0, 0))


def of(ballots, skills=(), shares=None):
    return Habits.of(
        ballots, skills, np.zeros((len(ballots.gold), 0)) if shares is None else shares
    )


def one_that_says_a_when_wrong(questions, right_every=2):
    """Expert a says A whenever it is wrong; b errs evenly. Gold is never A."""
    gold = np.arange(questions) % 3 + 1
    knows = np.arange(questions) % right_every == 0
    a = np.where(knows, gold, 0)
    b = (gold + 1 + np.arange(questions) // 3 % 3) % 4
    return ballots_of(np.column_stack([a, b]), gold)


def test_a_planted_habit_is_found():
    habits = of(one_that_says_a_when_wrong(3000))
    assert habits.ratio("a", "A", {}) == pytest.approx(3, abs=0.05)  # one of three wrong answers
    assert habits.ratio("a", "B", {}) < 0.02
    assert habits.ratio("b", "A", {}) == pytest.approx(1, abs=0.05)


def test_little_evidence_makes_a_small_habit():
    strong, weak = (of(one_that_says_a_when_wrong(n)).ratio("a", "A", {}) for n in (300, 6))
    assert 1 < weak < 2 < strong < 3
    assert of(one_that_says_a_when_wrong(0)).ratio("a", "A", {}) == 1.0


def test_a_skill_has_a_habit_of_its_own():
    ballots = one_that_says_a_when_wrong(1200)
    sums = np.arange(1200) % 4 < 2  # expert a is wrong once in each half
    even = np.where(~sums & (ballots.answers[:, 0] == 0), (ballots.gold % 3) + 1, 0)
    answers = ballots.answers.copy()
    answers[:, 0] = np.where(even > 0, even, answers[:, 0])
    shares = np.column_stack([sums, ~sums]).astype(float)
    habits = of(ballots_of(answers, ballots.gold), ("sums", "words"), shares)
    assert habits.ratio("a", "A", {"sums": 1.0}) > 2.5
    assert habits.ratio("a", "A", {"words": 1.0}) < 0.5
    assert habits.ratio("a", "A", {"words": 1.0}) < habits.ratio("a", "A", {}) < 2.0


def test_an_unseen_skill_and_an_unknown_expert_change_nothing():
    habits = of(one_that_says_a_when_wrong(300))
    assert habits.ratio("a", "A", {"never seen": 1.0}) == habits.ratio("a", "A", {})
    assert habits.ratio("zoe", "A", {}) == Habits.none().ratio("a", "A", {}) == 1.0


def test_the_rarest_letter_is_the_most_that_a_reply_could_say():
    habits = of(one_that_says_a_when_wrong(300))
    ratios = [habits.ratio("a", letter, {}) for letter in "ABCD"]
    assert habits.least("a", 4, {}) == min(ratios) < 1
    assert habits.least("a", 40, {}) == min(ratios)  # letters end at Z
    assert habits.least("zoe", 4, {}) == 1.0


def test_open_answers_and_questions_without_gold_teach_no_habit():
    choice = one_that_says_a_when_wrong(300)
    open_ones = ballots_of(choice.answers, choice.gold, choice=False)
    unknown = ballots_of(choice.answers, np.full(300, -1))
    for ballots in (open_ones, unknown):
        assert (of(ballots).overall == 1).all()
    assert (of(choice).ratios(open_ones, np.zeros((300, 0))) == 1).all()


def test_experts_that_are_never_wrong_have_none():
    gold = np.arange(30) % 4
    assert (of(ballots_of(np.column_stack([gold, gold]), gold)).overall == 1).all()


@given(st.integers(0, 1000))
def test_ratio_equals_ratios(seed):
    rng = np.random.default_rng(seed)
    ballots = random_ballots(rng, questions=30, experts=3)
    shares = rng.dirichlet(np.ones(3), size=30)[:, :2]  # the third share is of no known skill
    habits = of(ballots, ("sums", "words"), shares)
    table = habits.ratios(ballots, shares)
    assert (table > 0).all()
    for row, codes in enumerate(ballots.answers.tolist()):
        skills = dict(zip(habits.skills, shares[row].tolist(), strict=True))
        for column, code in enumerate(codes):
            alone = habits.ratio("abc"[column], chr(ord("A") + code), skills) if code >= 0 else 1.0
            assert table[row, column] == pytest.approx(alone, rel=1e-12)
