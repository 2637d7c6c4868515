"""Conversions of a quantity to a smaller unit."""

from random import Random

from experts.builtin.problems.arithmetic import times
from experts.builtin.problems.base import Operands, Solution, Task

_METRIC = (
    ("kilometer", "meter", 1000),
    ("kilogram", "gram", 1000),
    ("liter", "milliliter", 1000),
    ("meter", "millimeter", 1000),
    ("meter", "centimeter", 100),
    ("dollar", "cent", 100),
    ("century", "year", 100),
    ("centimeter", "millimeter", 10),
    ("decade", "year", 10),
)
_SIXTY = (("hour", "minute", 60), ("minute", "second", 60), ("degree", "arcminute", 60))
_SMALL = (
    ("week", "day", 7),
    ("gallon", "quart", 4),
    ("gallon", "pint", 8),
    ("yard", "foot", 3),
    ("year", "quarter", 4),
    ("quart", "cup", 4),
)
_PLURALS = {"century": "centuries", "foot": "feet"}


def plural(unit: str) -> str:
    return _PLURALS.get(unit, f"{unit}s")


def _drawn(table: tuple[tuple[str, str, int], ...]) -> Task:
    kind = {1000: "metric", 60: "sixty", 7: "small"}[table[0][2]]

    def draw(rng: Random) -> Operands:
        return (rng.randint(2, 99), *rng.choice(table))

    return Task("units", kind, _TRAINING, _HELD_OUT, draw, _convert)


def _convert(operands: Operands) -> Solution:
    count, factor = int(operands[0]), int(operands[3])
    big, small = str(operands[1]), str(operands[2])
    result = str(count * factor)
    if factor in (10, 100, 1000):
        steps = f"{count} x {factor} = {result}."
    else:
        steps, _ = times(count, factor // 10 or factor)
    blanks: dict[str, str | int] = {"n": count, "big": plural(big), "small": plural(small)}
    return Solution(blanks, result, f"1 {big} is {factor} {plural(small)}. {steps}")


_TRAINING = (
    "How many {small} are there in {n} {big}?",
    "How many {small} are in {n} {big}?",
    "Convert {n} {big} to {small}.",
    "Convert {n} {big} into {small}.",
    "What is {n} {big} in {small}?",
    "How much is {n} {big} in {small}?",
    "{n} {big} is how many {small}?",
    "{n} {big} = ? {small}",
    "Change {n} {big} into {small}.",
    "Express {n} {big} in {small}.",
    "I have {n} {big}. How many {small} is that?",
    "How many {small} make {n} {big}?",
    "Give {n} {big} in {small}.",
    "What do I get if I change {n} {big} to {small}?",
    "If you have {n} {big}, how many {small} do you have?",
)
_HELD_OUT = (
    "Change {n} {big} to {small}.",
    "Express {n} {big} as {small}.",
    "How many {small} do I have if I have {n} {big}?",
    "How many {small} is {n} {big}?",
)

TASKS = (_drawn(_METRIC), _drawn(_SIXTY), _drawn(_SMALL))
