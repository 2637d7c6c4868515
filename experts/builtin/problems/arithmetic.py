"""Sums, differences and small products, worked digit by digit."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task


def times(number: int, digit: int) -> tuple[str, int]:
    """The steps of a product of a number below 100 and a digit, and the product."""
    tens, ones = divmod(number, 10)
    first = ones * digit
    if not tens:
        return f"{ones} x {digit} = {first}.", first
    second, carry = tens * digit, first // 10
    text = f"{ones} x {digit} = {first}. {tens} x {digit} = {second}. "
    return f"{text}{second} + {carry} = {second + carry}.", number * digit


def _pair(rng: Random) -> Operands:
    return (rng.randint(11, 99), rng.randint(11, 99))


def _ordered_pair(rng: Random) -> Operands:
    low, high = sorted(rng.sample(range(11, 100), 2))
    return (high, low)


def _factors(rng: Random) -> Operands:
    return (rng.randint(11, 99), rng.randint(2, 9))


def _add(operands: Operands) -> Solution:
    a, b = map(int, operands)
    ones = a % 10 + b % 10
    carry = ones // 10
    tens = a // 10 + b // 10 + carry
    steps = f"{a % 10} + {b % 10} = {ones}. {a // 10} + {b // 10} + {carry} = {tens}."
    return Solution({"a": a, "b": b}, str(a + b), steps)


def _subtract(operands: Operands) -> Solution:
    a, b = map(int, operands)
    borrow = int(a % 10 < b % 10)
    top = a % 10 + 10 * borrow
    tens = a // 10 - borrow - b // 10
    steps = f"{top} - {b % 10} = {top - b % 10}. {a // 10} - {borrow} - {b // 10} = {tens}."
    return Solution({"a": a, "b": b}, str(a - b), steps)


def _multiply(operands: Operands) -> Solution:
    a, b = map(int, operands)
    steps, product = times(a, b)
    return Solution({"a": a, "b": b}, str(product), steps)


ADD = Task(
    skill="arithmetic",
    kind="add",
    training=(
        "What is {a} plus {b}?",
        "What is {a} + {b}?",
        "Add {a} and {b}.",
        "Add {a} to {b}.",
        "Calculate {a} + {b}.",
        "What is the sum of {a} and {b}?",
        "Find the sum of {a} and {b}.",
        "How much is {a} plus {b}?",
        "Compute {a} plus {b}.",
        "{a} + {b} = ?",
        "What do you get when you add {a} and {b}?",
        "I have {a} coins and find {b} more coins. How many coins do I have now?",
        "There are {a} cars here and {b} cars there. How many are there in total?",
        "Work out the total of {a} and {b}.",
    ),
    held_out=(
        "Calculate the sum of {a} and {b}.",
        "How much do you get when you add {a} to {b}?",
        "Find {a} + {b}.",
        "What is the total of {a} and {b}?",
    ),
    draw=_pair,
    solve=_add,
)

SUBTRACT = Task(
    skill="arithmetic",
    kind="subtract",
    training=(
        "What is {a} minus {b}?",
        "What is {a} - {b}?",
        "Subtract {b} from {a}.",
        "Take {b} away from {a}.",
        "Calculate {a} - {b}.",
        "What is the difference between {a} and {b}?",
        "Find the difference between {a} and {b}.",
        "How much is {a} minus {b}?",
        "Compute {a} minus {b}.",
        "{a} - {b} = ?",
        "What do you get when you subtract {b} from {a}?",
        "I have {a} coins and lose {b} coins. How many coins do I have now?",
        "There are {a} cars and {b} of them leave. How many are left?",
        "What is left when you take {b} from {a}?",
    ),
    held_out=(
        "Calculate the difference between {a} and {b}.",
        "How much is left when you subtract {b} from {a}?",
        "Find {a} - {b}.",
        "Work out {a} minus {b}.",
    ),
    draw=_ordered_pair,
    solve=_subtract,
)

MULTIPLY = Task(
    skill="arithmetic",
    kind="multiply",
    training=(
        "What is {a} times {b}?",
        "What is {a} x {b}?",
        "Multiply {a} by {b}.",
        "Multiply {a} and {b}.",
        "Calculate {a} x {b}.",
        "What is the product of {a} and {b}?",
        "Find the product of {a} and {b}.",
        "How much is {a} times {b}?",
        "Compute {a} times {b}.",
        "{a} x {b} = ?",
        "What do you get when you multiply {a} by {b}?",
        "There are {a} boxes with {b} coins in each box. How many coins are there in total?",
        "I buy {a} books for {b} coins each. How many coins do I pay?",
        "Work out the product of {a} and {b}.",
    ),
    held_out=(
        "Calculate the product of {a} and {b}.",
        "How much do you get when you multiply {a} by {b}?",
        "Find {a} x {b}.",
        "Work out {a} times {b}.",
    ),
    draw=_factors,
    solve=_multiply,
)

TASKS = (ADD, SUBTRACT, MULTIPLY)
