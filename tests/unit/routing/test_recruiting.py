"""Draws: from scored candidates to a panel."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.recruiting import DRAWS, dice_for, everyone, hashed, top, uniform, with_replacement
from routing.types import Candidate, Ranking


def ranking(**scores):
    return Ranking.of([Candidate(name, 0.5, score) for name, score in scores.items()])


def dice(seed=0):
    return lambda: random.Random(seed)


def no_dice():
    raise AssertionError("this draw throws no dice")


THREE = ranking(ada=3.0, ben=1.0, cleo=0.0)


def test_the_top_are_the_first():
    assert top(THREE, 2, no_dice) == ("ada", "ben")
    assert top(THREE, 9, no_dice) == ("ada", "ben", "cleo")


def test_equal_scores_rank_by_name():
    assert top(ranking(cleo=1.0, ben=2.0, ada=1.0), 3, no_dice) == ("ben", "ada", "cleo")


def test_everyone_is_everyone():
    assert everyone(THREE, 1, no_dice) == ("ada", "ben", "cleo")


def test_uniform_draws_do_not_look_at_scores():
    drawn = Counter(uniform(THREE, 1, dice(seed))[0] for seed in range(300))
    assert all(70 < count < 130 for count in drawn.values())


def test_with_replacement_draws_in_proportion_to_score():
    drawn = Counter(name for seed in range(200) for name in _drawn(THREE, seed))
    assert drawn["cleo"] == 0
    assert 2.0 < drawn["ada"] / drawn["ben"] < 4.5


def _drawn(found, seed):
    return with_replacement(found, 3, dice(seed))


def test_with_replacement_is_the_draw_of_the_paper():
    names, weights = ["ada", "ben", "cleo"], [3.0, 1.0, 0.0]
    assert _drawn(THREE, 7) == tuple(random.Random(7).choices(names, weights, k=3))


def test_scores_of_zero_or_less_are_drawn_evenly_where_there_is_nothing_else():
    drawn = {name for seed in range(40) for name in _drawn(ranking(ada=0.0, ben=-2.0), seed)}
    assert drawn == {"ada", "ben"}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_nobody_is_drawn_from_nobody(draw):
    assert draw(ranking(), 3, dice()) == ()


def test_hashed_panels_look_at_no_score_and_spread_over_all():
    drawn = Counter(hashed(THREE, 1, dice(seed))[0] for seed in range(300))
    assert all(70 < count < 130 for count in drawn.values())


@given(seed=st.integers(0, 99), gone=st.sampled_from("abcdefgh"))
def test_an_expert_that_goes_changes_only_the_hashed_panels_it_was_on(seed, gone):
    all_of_them = {name: 0.0 for name in "abcdefgh"}
    before = hashed(ranking(**all_of_them), 3, dice(seed))
    del all_of_them[gone]
    after = hashed(ranking(**all_of_them), 3, dice(seed))
    assert [e for e in before if e != gone] == list(after)[: 3 - (gone in before)]


SCORES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-1, 1), min_size=1)


@pytest.mark.parametrize("draw", [top, uniform, hashed, everyone], ids=lambda draw: draw.__name__)
@given(scores=SCORES, size=st.integers(1, 10), seed=st.integers(0, 99))
def test_nobody_is_drawn_twice(draw, scores, size, seed):
    panel = draw(ranking(**scores), size, dice(seed))
    assert len(panel) == len(set(panel))
    assert set(panel) <= set(scores)


def test_dice_depend_on_question_and_seed_alone():
    assert dice_for("Why?", 1).random() == dice_for("Why?", 1).random()
    assert dice_for("Why?", 1).random() != dice_for("Why?", 2).random()
    assert dice_for("Why?", 1).random() != dice_for("How?", 1).random()
