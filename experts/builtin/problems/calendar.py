"""Weekdays so many days, and months so many months, after or before another."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _day_and_count(rng: Random) -> Operands:
    return (rng.choice(WEEKDAYS), rng.randint(2, 60))


def _month_and_count(rng: Random) -> Operands:
    return (rng.choice(MONTHS), rng.randint(2, 12))


def _day_after(operands: Operands) -> Solution:
    return _weekday(operands, 1)


def _day_before(operands: Operands) -> Solution:
    return _weekday(operands, -1)


def _weekday(operands: Operands, direction: int) -> Solution:
    day, count = str(operands[0]), int(operands[1])
    rest = count % 7
    answer = WEEKDAYS[(WEEKDAYS.index(day) + direction * rest) % 7]
    sign = "+" if direction > 0 else "-"
    steps = f"{count} = {count - rest} + {rest}. {day} {sign} {rest} = {answer}."
    return Solution({"day": day, "n": count}, answer, steps)


def _month_after(operands: Operands) -> Solution:
    return _month(operands, 1)


def _month_before(operands: Operands) -> Solution:
    return _month(operands, -1)


def _month(operands: Operands, direction: int) -> Solution:
    """Counted month by month, as so few sums of two months could not be held out otherwise."""
    month, count = str(operands[0]), int(operands[1])
    start = MONTHS.index(month)
    passed = [MONTHS[(start + direction * i) % 12] for i in range(1, count + 1)]
    steps = " ".join(f"{i} {name}" for i, name in enumerate(passed, start=1))
    return Solution({"month": month, "n": count}, passed[-1], f"{steps}.")


DAY_AFTER = Task(
    skill="calendar",
    kind="day_after",
    training=(
        "What day is {n} days after {day}?",
        "Which day comes {n} days after {day}?",
        "Today is {day}. What day will it be in {n} days?",
        "If today is {day}, what day is it in {n} days?",
        "It is {day} today. Which day will it be {n} days from now?",
        "What day of the week is it {n} days after a {day}?",
        "Name the weekday {n} days after {day}.",
        "Which weekday is {n} days from {day}?",
        "Starting on {day}, what day is it after {n} days?",
        "A trip starts on {day} and takes {n} days. On which day does it end?",
    ),
    held_out=(
        "Which weekday comes {n} days after {day}?",
        "If it is {day} today, which day will it be in {n} days?",
        "Name the day of the week {n} days after a {day}.",
    ),
    draw=_day_and_count,
    solve=_day_after,
)

DAY_BEFORE = Task(
    skill="calendar",
    kind="day_before",
    training=(
        "What day is {n} days before {day}?",
        "Which day comes {n} days before {day}?",
        "Today is {day}. What day was it {n} days ago?",
        "If today is {day}, what day was {n} days ago?",
        "It is {day} today. Which day was it {n} days earlier?",
        "What day of the week was it {n} days before a {day}?",
        "Name the weekday {n} days before {day}.",
        "Which weekday was {n} days earlier than {day}?",
        "A trip ends on {day} and took {n} days. On which day did it start?",
        "What weekday do you get {n} days before {day}?",
    ),
    held_out=(
        "Which weekday comes {n} days before {day}?",
        "If it is {day} today, which day was it {n} days ago?",
        "Name the day of the week {n} days before a {day}.",
    ),
    draw=_day_and_count,
    solve=_day_before,
)

MONTH_AFTER = Task(
    skill="calendar",
    kind="month_after",
    training=(
        "What month is {n} months after {month}?",
        "Which month comes {n} months after {month}?",
        "It is {month} now. What month will it be in {n} months?",
        "If it is {month}, what month is it in {n} months?",
        "This month is {month}. Which month will it be {n} months from now?",
        "What month of the year is it {n} months after {month}?",
        "Name the month {n} months after {month}.",
        "Which month is {n} months from {month}?",
        "Starting in {month}, what month is it after {n} months?",
        "A course starts in {month} and takes {n} months. In which month does it end?",
    ),
    held_out=(
        "Which month of the year comes {n} months after {month}?",
        "If this month is {month}, which month will it be in {n} months?",
        "Name the month that is {n} months from {month}.",
    ),
    draw=_month_and_count,
    solve=_month_after,
)

MONTH_BEFORE = Task(
    skill="calendar",
    kind="month_before",
    training=(
        "What month is {n} months before {month}?",
        "Which month comes {n} months before {month}?",
        "It is {month} now. What month was it {n} months ago?",
        "If it is {month}, what month was it {n} months ago?",
        "This month is {month}. Which month was it {n} months earlier?",
        "What month of the year was it {n} months before {month}?",
        "Name the month {n} months before {month}.",
        "Which month was {n} months earlier than {month}?",
        "A course ends in {month} and took {n} months. In which month did it start?",
        "What month do you get {n} months before {month}?",
    ),
    held_out=(
        "Which month of the year comes {n} months before {month}?",
        "If this month is {month}, which month was it {n} months ago?",
        "Name the month that was {n} months earlier than {month}.",
    ),
    draw=_month_and_count,
    solve=_month_before,
)

TASKS = (DAY_AFTER, DAY_BEFORE, MONTH_AFTER, MONTH_BEFORE)
