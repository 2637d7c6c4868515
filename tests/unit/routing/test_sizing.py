"""How many experts: rules want, limits hold, and what is cut away is told."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.sizing import SIZES, Sizing, cut, entropy, pool_of
from routing.types import Candidate, Ranking

SCORES = st.lists(st.floats(0.01, 0.99), min_size=1, max_size=12)
LEVELS = st.floats(0.01, 1.0)
ADAPTIVE = {
    "top_p": Sizing("top_p", 0.8),
    "threshold": Sizing("threshold", 0.05),
    "gap": Sizing("gap", 0.2),
    "ratio": Sizing("ratio", 0.3),
    "importance": Sizing("importance", 0.15),
    "broadcast": Sizing("broadcast", 0.95),
}


def ranking(scores):
    return Ranking.of([Candidate(f"e{i:02}", s, s) for i, s in enumerate(scores)])


def sized(scores, most=99, **sizing):
    return cut(ranking(scores), most, Sizing(**sizing)).size


def weights(scores, temperature=0.05):
    return pool_of(ranking(scores), temperature).weights


@pytest.mark.parametrize("rule", SIZES)
@given(SCORES, LEVELS, st.integers(1, 5), st.integers(0, 7), st.floats(0, 1))
def test_at_least_the_least_and_at_most_the_most_are_asked(
    rule, scores, level, least, more, margin
):
    most = least + more
    size = cut(ranking(scores), most, Sizing(rule, level, least, margin)).size
    if rule == "fixed":
        assert size == most
    else:
        assert min(least, len(scores)) <= size <= min(most, len(scores))


@pytest.mark.parametrize("rule", SIZES)
def test_every_rule_copes_with_no_experts(rule):
    assert cut(ranking([]), 3, Sizing(rule, 0.5)).notes == ()


@given(SCORES)
def test_weights_are_of_the_whole_pool(scores):
    found = weights(scores)
    assert found.sum() == pytest.approx(1)
    assert len(found) == len(scores)
    assert (np.diff(found) <= 0).all()


@given(SCORES, LEVELS)
def test_top_p_asks_the_fewest_that_hold_the_mass(scores, level):
    size, mass = sized(scores, rule="top_p", level=level), weights(scores).cumsum()
    assert mass[size - 1] >= level - 1e-9
    assert size == 1 or mass[size - 2] < level


@given(SCORES, LEVELS)
def test_threshold_asks_all_that_weigh_enough(scores, level):
    wanted = sum(weight >= level for weight in weights(scores))
    assert sized(scores, rule="threshold", level=level) == max(wanted, 1)


@given(SCORES, LEVELS)
def test_gap_asks_a_second_only_where_it_is_close(scores, level):
    found = weights(scores)
    second = len(scores) > 1 and found[0] - found[1] < level
    assert (sized(scores, rule="gap", level=level) > 1) == second


@given(SCORES, LEVELS)
def test_ratio_skips_who_weighs_too_little_beside_the_first(scores, level):
    found = weights(scores)
    size = sized(scores, rule="ratio", level=level)
    assert (found[:size] >= level * found[0]).all()
    assert (found[size:] < level * found[0]).all()


@given(SCORES, LEVELS)
def test_null_asks_those_that_beat_it(scores, level):
    beating = sum(score > level for score in scores)
    assert sized(scores, rule="null", level=level) == max(beating, 1)


@given(SCORES, st.floats(0.05, 0.5))
def test_importance_asks_more_the_greater_the_doubt(scores, level):
    doubt = 1 - max(scores)
    size = sized(scores, rule="importance", level=level)
    assert size == min(1 + math.floor(doubt / level + 1e-9), len(scores))


@given(SCORES, LEVELS, st.floats(0, 0.5), st.integers(1, 4))
def test_broadcast_asks_everybody_or_the_least(scores, level, margin, least):
    found = weights(scores)
    size = sized(scores, rule="broadcast", level=level, margin=margin, least=least)
    unsure = len(scores) > 1 and (entropy(found) >= level or found[0] - found[1] <= margin)
    assert size == (len(scores) if unsure else min(least, len(scores)))


def test_broadcast_without_a_budget_asks_the_least_and_says_so():
    found = cut(ranking([0.5] * 6), 2, Sizing("broadcast", 0.9, least=2))
    assert found.size == 2
    assert "broadcast: 6 wanted, but the policy's size allows 2" in found.notes


def test_where_nobody_beats_null_the_default_answers_and_it_is_told():
    found = cut(ranking([0.4, 0.3]), 2, Sizing("null", 0.6, default="e01"))
    assert (found.size, found.default) == (1, "e01")
    assert "nobody is better than asking nobody; the default e01 answers" in found.notes[-1]


def test_a_default_that_is_gone_is_not_asked():
    found = cut(ranking([0.4, 0.3]), 2, Sizing("null", 0.6, default="zoe"))
    assert (found.size, found.default) == (1, "")
    assert "the best there is answers" in found.notes[-1]


def test_the_mass_that_is_cut_away_is_told():
    found = cut(ranking([0.5] * 4), 2, Sizing("top_p", 0.5))
    assert found.notes == ("top_p: 2 of 4 asked; 50% of the weight is cut away",)


def test_nothing_is_told_where_nothing_is_cut():
    assert cut(ranking([0.5] * 2), 2, Sizing("top_p", 1.0)).notes == ()
    assert cut(ranking([0.5] * 4), 2, Sizing()).notes == ()


@pytest.mark.parametrize("sizing", ADAPTIVE.values(), ids=ADAPTIVE)
def test_hard_questions_get_more_experts_than_easy_ones(sizing):
    """Easy: one expert stands out. Hard: nobody is good and nobody stands out."""
    dice = random.Random(0)
    easy = [[0.95, *(dice.uniform(0.2, 0.6) for _ in range(7))] for _ in range(50)]
    hard = [[dice.uniform(0.3, 0.4) for _ in range(8)] for _ in range(50)]
    mean = [
        sum(cut(ranking(scores), 8, sizing).size for scores in pools) / 50 for pools in (easy, hard)
    ]
    assert mean[1] > mean[0] + 1


def test_an_unknown_rule_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no size rule named 'top-p'; use one of fixed, top_p"):
        Sizing("top-p")


def test_importance_without_a_level_is_refused():
    with pytest.raises(ValueError, match="give one above 0"):
        Sizing("importance")
