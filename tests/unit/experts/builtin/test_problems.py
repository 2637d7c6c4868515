import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.builtin.problems import SKILLS, TASKS, Problem, problems, stream
from experts.builtin.problems.base import split_of
from experts.builtin.problems.calendar import MONTHS, WEEKDAYS
from experts.builtin.problems.chemistry import ELEMENTS
from experts.builtin.problems.geography import COUNTRIES

ALL_TASKS = [
    pytest.param(task, id=f"{skill}-{task.kind}") for skill in SKILLS for task in TASKS[skill]
]
FACTS = ("geography", "chemistry")


def drawn(skill: str, kind: str, seed: int) -> Problem:
    task = next(task for task in TASKS[skill] if task.kind == kind)
    return task.problem("train", Random(seed))


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_arithmetic_is_right(seed):
    for kind, operate in (
        ("add", int.__add__),
        ("subtract", int.__sub__),
        ("multiply", int.__mul__),
    ):
        problem = drawn("arithmetic", kind, seed)
        a, b = map(int, problem.operands.split())
        assert problem.answer == str(operate(a, b))
        assert {str(a), str(b)} <= set(re.findall(r"\d+", problem.question))


@given(st.integers(0, 10**6), st.sampled_from(["metric", "sixty", "small"]))
@settings(max_examples=50, deadline=None)
def test_conversions_multiply_by_the_factor(seed, kind):
    problem = drawn("units", kind, seed)
    count, *_, factor = problem.operands.split()
    assert problem.answer == str(int(count) * int(factor))


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_weekdays_and_months_are_right(seed):
    for kind, names, direction in (
        ("day_after", WEEKDAYS, 1),
        ("day_before", WEEKDAYS, -1),
        ("month_after", MONTHS, 1),
        ("month_before", MONTHS, -1),
    ):
        problem = drawn("calendar", kind, seed)
        name, count = problem.operands.split()
        here = names.index(name)
        for _ in range(int(count)):
            here = (here + direction) % len(names)
        assert problem.answer == names[here]


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_letters_are_right(seed):
    reverse, letter, count = (drawn("strings", k, seed) for k in ("reverse", "letter", "count"))
    assert reverse.answer == "".join(reversed(reverse.operands))
    word, place = letter.operands.split()
    places = ["first", "second", "third", "fourth", "fifth", "sixth", "last"]
    assert letter.answer == (word[-1] if place == "last" else word[places.index(place)])
    word, wanted = count.operands.split()
    assert count.answer == str(sum(one == wanted for one in word))


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_numbers_are_right(seed):
    problem = drawn("numbers", "to_decimal", seed)
    assert f"{int(problem.answer):b}" in problem.question
    assert int(drawn("numbers", "to_binary", seed).answer, 2) == int(
        drawn("numbers", "to_binary", seed).operands
    )
    numeral = re.findall(
        r"\b[IVXLC]{1,}\b", drawn("numbers", "roman", seed).question.replace("I need", "")
    )
    assert arabic(numeral[0]) == int(drawn("numbers", "roman", seed).answer)


def arabic(numeral: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-v if v < n else v for v, n in zip(values, following, strict=True))


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_logic_is_right(seed):
    extreme = drawn("logic", "extreme", seed)
    word, *numbers = extreme.operands.split()
    pick = max if word in {"largest", "biggest", "greatest", "highest"} else min
    assert int(extreme.answer) == pick(map(int, numbers))
    ordered = drawn("logic", "sort", seed)
    values = [int(value) for value in ordered.answer.split(", ")]
    assert values == sorted(values, reverse="largest to smallest" in ordered.question)


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_a_chain_of_comparisons_leaves_one_candidate(seed):
    problem = drawn("logic", "chain", seed)
    said = re.findall(r"(\w+) is (\w+) than (\w+)", problem.question)
    least = re.search(r"(short|young|slow|light|poor|weak)est", problem.question) is not None
    beaten, beating = set(), set()
    for first, how, second in said:
        up = not re.match(r"short|young|slow|light|poor|weak", how)
        beaten.add(second if up else first)
        beating.add(first if up else second)
    assert {problem.answer} == (beaten - beating if least else beating - beaten)


def test_facts_are_unambiguous():
    assert len({country for country, _, _ in COUNTRIES}) == len(COUNTRIES) >= 80
    assert len({capital for _, capital, _ in COUNTRIES}) == len(COUNTRIES)
    assert len({symbol for _, symbol, _ in ELEMENTS}) == len(ELEMENTS) >= 50
    assert len({number for number, _, _ in ELEMENTS}) == len(ELEMENTS)


@pytest.mark.parametrize("task", ALL_TASKS)
def test_every_kind_has_wordings_held_out_and_ends_in_its_answer(task):
    assert len(set(task.training)) >= 10
    assert len(set(task.held_out)) >= 3
    assert not set(task.training) & set(task.held_out)
    rng = Random(0)
    for split in ("train", "validation", "test"):
        for _ in range(20):
            problem = task.problem(split, rng)
            assert problem.working.endswith(f"The answer is {problem.answer}.")
            assert problem.skill == task.skill
            assert problem.kind == task.kind
            assert "{" not in problem.question


def test_splits_share_no_question_and_no_operands_save_of_facts():
    found = {split: problems(split, 1600, 3) for split in ("train", "validation", "test")}
    questions = {split: {p.question for p in many} for split, many in found.items()}
    operands = {
        split: {(p.kind, p.operands) for p in many if p.skill not in FACTS}
        for split, many in found.items()
    }
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not questions[one] & questions[other]
        assert not operands[one] & operands[other]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_held_out_split_is_balanced_and_repeats_no_question(split):
    found = problems(split, 800, 5)
    assert len({p.id for p in found}) == len({p.question for p in found}) == 800
    assert {skill: sum(p.skill == skill for p in found) for skill in SKILLS} == dict.fromkeys(
        SKILLS, 100
    )


def test_problems_depend_on_the_arguments_alone():
    assert problems("train", 100, 1) == problems("train", 100, 1)
    assert problems("train", 100, 1) != problems("train", 100, 2)
    assert problems("validation", 50, 1) == problems("validation", 100, 1)[:50]
    assert problems("test", 8, 0)[0].id == "arithmetic/add/99 56/h1"
    assert split_of("arithmetic/add/(47, 38)") == "train"


def test_asking_for_more_than_there_are_says_so():
    with pytest.raises(ValueError, match="ask for fewer"):
        problems("test", 10_000, 0)


def test_a_stream_takes_the_kinds_in_turn():
    source = stream("train", "arithmetic", Random(0))
    assert [next(source).kind for _ in range(4)] == ["add", "subtract", "multiply", "add"]
