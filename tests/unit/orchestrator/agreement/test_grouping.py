"""Answers are grouped where they are surely the same, and left apart where they may not be."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agreement import Likeness, representatives
from orchestrator.agreement.grouping import formula_pairs
from orchestrator.answers import final_answer

UNKNOWN = Likeness()


def groups(*replies, likeness=UNKNOWN):
    """The answers of these replies, grouped; each group and the groups in order."""
    answers = [final_answer(reply) for reply in replies]
    found = {}
    for answer, first in representatives(answers, likeness).items():
        found.setdefault(first, []).append(answer)
    return sorted(sorted(group) for group in found.values())


SAME = {
    "case and article": ("The Moon", "moon"),
    "plural": ("dog", "the dogs"),
    "accent": ("São Paulo", "Sao Paulo"),
    "hyphen": ("twenty-one", "twenty one"),
    "ampersand": ("salt & pepper", "salt and pepper"),
    "number word": ("four", "4"),
    "yes and true": ("Yes.", "true"),
    "no with a reason and false": ("No, because it is odd.", "False"),
    "half": ("1/2", "0.5", "50%", r"\boxed{\frac{1}{2}}", "½"),
    "mixed number": ("2½", "5/2", "2.5", r"2\frac{1}{2}"),
    "third, rounded": ("1/3", "0.333", "0.3333"),
    "unit left out": ("12 km", "12", "12 kilometres"),
    "things left out": ("12 apples", "12"),
    "degrees left out": ("45°", "45"),
    "variable left out": ("x = 5", "5"),
    "town with its country": ("Paris", "Paris, France"),
    "town with its state": ("Springfield", "Springfield, Illinois"),
    "gloss in brackets": ("Mercury (planet)", "Mercury"),
    "a sentence around it": ("Paris", "The capital of France is Paris."),
    "a sentence around a number": ("42", "The sum of the digits is 42."),
}


@pytest.mark.parametrize("replies", SAME.values(), ids=SAME)
def test_one_answer_put_differently_is_one_group(replies):
    assert len(groups(*replies)) == 1


APART = {
    "yes and no": ("Yes", "No"),
    "names": ("Paris", "Rome"),
    "part of a list": ("red", "red, blue"),
    "one country of two": ("France", "France, Germany"),
    "units": ("12 km", "12 m"),
    "percent": ("50%", "50"),
    "rounded too far": ("1/3", "0.33"),
    "rounded wrongly": ("1/3", "0.334"),
    "sign": ("1/2", "-1/2"),
    "no plural": ("glass", "glas"),
    "short plural": ("as", "a"),
    "order": ("1, 2", "2, 1"),
    "brackets": ("(1, 2)", "[1, 2]", "{1, 2}"),
    "dates": ("2020-01-05", "2020-05-01"),
    "hours": ("3 am", "3 pm"),
    "hour and number": ("3 am", "3"),
    "alternatives": ("12", "12 or 13"),
    "at least": ("12", "12 or more"),
    "multiples": ("12", "12 dozens", "12 times"),
    "conditions": ("true", "true (if x is odd)"),
    "function": ("f", "f (x)"),
    "difference": ("x-y", "x y"),
    "other letters": ("が", "か"),
    "a sentence that denies it": ("Paris", "The capital of France is not Paris."),
    "a sentence in doubt": ("Paris", "The capital is Rome or Paris."),
    "a sentence with another end": ("Paris", "The mayor of Paris is Anne."),
    "prose that nobody compared": ("It is the tilt of the axis.", "It is the axis and its tilt."),
}


@pytest.mark.parametrize("replies", APART.values(), ids=APART)
def test_answers_that_may_differ_stay_apart(replies):
    assert len(groups(*replies)) == len(replies)


UNCLEAR = {
    "units": (["12", "12 km", "12 m"], 3),
    "variables": (["5", "x=5", "y=5"], 3),
    "places": (["Paris", "Paris, France", "Paris, Texas"], 3),
    "glosses": (["Mercury", "Mercury (planet)", "Mercury (element)"], 3),
}


@pytest.mark.parametrize(("replies", "count"), UNCLEAR.values(), ids=UNCLEAR)
def test_a_bare_answer_that_others_complete_differently_stands_alone(replies, count):
    assert len(groups(*replies)) == count


def test_each_group_goes_by_the_answer_that_was_stated_first():
    found = representatives(["0.5", "7", "1/2"], UNKNOWN)
    assert found == {"0.5": "0.5", "7": "7", "1/2": "0.5"}


def test_formulas_that_were_found_equal_are_one_group():
    equal = frozenset({frozenset(("x+1", "1+x"))})
    assert groups("x + 1", "1 + x", "x + 2", likeness=Likeness(equal=equal)) == [
        ["1+x", "x+1"],
        ["x+2"],
    ]


PAIRS = {
    "sums": (["x+1", "1+x"], 1),
    "a power and a number": (["2^10", "1024", "7"], 2),
    "words": (["paris", "rome", "the end"], 0),
    "numbers": (["1", "2", "1/2"], 0),
    "quantities": (["12 m", "12", "3 s"], 0),
    "already the same": (["1/2", "0.5"], 0),
    "dates": (["2020-01-05", "2020-05-01", "1/2/2020"], 0),
    "different kinds": (["(0, 1)", "[0, 1]", "x=1", "x<1", "1"], 0),
    "percent and faculties": (["5%*2", "5!", "x!"], 0),
}


@pytest.mark.parametrize(("answers", "count"), PAIRS.values(), ids=PAIRS)
def test_only_formulas_of_one_kind_are_worth_verifying(answers, count):
    assert len(formula_pairs(answers)) == count


def test_many_formulas_are_not_all_compared():
    assert len(formula_pairs([f"x+{n}" for n in range(100)])) == 32


def test_a_hostile_answer_is_grouped_in_no_time():
    hostile = [
        "(" * 5000,
        "9" * 5000,
        "a is " * 2000,
        "x=" * 2000,
        "1/0",
        "9e999",
        "not by " * 3000,
    ]
    assert set(representatives(hostile, UNKNOWN)) == set(hostile)
    formula_pairs(hostile)


ANSWERS = """
1/2; 0.5; 50%; 50; 12; 12 km; 12 m; x=5; 5; y=5; paris; paris, france; paris, texas; red; red, blue
yes; true; no; four; 4; 1/3; 0.333; dog; dogs; the capital is paris; x+1; 1+x
it is the tilt of the axis; it is the axis and its tilt; it is not the tilt of the axis
"""
ANSWER = st.sampled_from(ANSWERS.strip().replace("\n", "; ").split("; "))


@given(st.lists(ANSWER, max_size=8))
def test_grouping_is_an_equivalence_whatever_the_order(answers):
    vectors = {answer: np.array([1.0], np.float32) for answer in answers}
    likeness = Likeness(vectors, frozenset({frozenset(("x+1", "1+x"))}))
    found = representatives(answers, likeness)
    assert set(found) == set(answers)
    assert all(found[first] == first for first in found.values())
    for order in (answers[::-1], sorted(answers)):
        other = representatives(order, likeness)
        for one in answers:
            for two in answers:
                assert (found[one] == found[two]) == (other[one] == other[two])


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_text_can_be_grouped(answers):
    assert set(representatives(answers, UNKNOWN)) == set(answers)
    formula_pairs(answers)


def test_the_representative_is_the_only_thing_that_depends_on_order():
    answers = ("12", "12 km", "13")
    for order in permutations(answers):
        found = representatives(order, UNKNOWN)
        assert found["12"] == found["12 km"] != found["13"]
