"""Which number is largest or smallest, numbers in order, who comes first by comparisons."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task

_NAMES = (
    "Tom", "Ann", "Bob", "Eva", "Max", "Zoe", "Leo", "Mia",
    "Sam", "Ida", "Ben", "Amy", "Dan", "Kim", "Jon", "Liz",
)  # fmt: skip
_RELATIONS = (
    ("taller", "shorter", "tallest", "shortest"),
    ("older", "younger", "oldest", "youngest"),
    ("faster", "slower", "fastest", "slowest"),
    ("heavier", "lighter", "heaviest", "lightest"),
    ("richer", "poorer", "richest", "poorest"),
    ("stronger", "weaker", "strongest", "weakest"),
)
_LARGE = ("largest", "biggest", "greatest", "highest")
_SMALL = ("smallest", "lowest", "least")


def _some_numbers(rng: Random) -> Operands:
    numbers = rng.sample(range(10, 100), rng.choice((3, 4)))
    return (rng.choice(_LARGE if rng.random() < 0.5 else _SMALL), *numbers)


def _three_numbers(rng: Random) -> Operands:
    order = rng.choice(("smallest to largest", "largest to smallest"))
    return (order, *rng.sample(range(10, 100), 3))


def _people(rng: Random) -> Operands:
    """Names from most to least, whom to name, and the statements: which pair, said which way."""
    names = rng.sample(_NAMES, rng.choice((3, 4)))
    pairs = rng.sample(range(len(names) - 1), len(names) - 1)
    statements = "".join(f"{pair}{rng.choice('+-')}" for pair in pairs)
    return (rng.randrange(len(_RELATIONS)), rng.randrange(2), statements, *names)


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _extreme(operands: Operands) -> Solution:
    word, numbers = str(operands[0]), [int(number) for number in operands[1:]]
    better = max if word in _LARGE else min
    best, steps = numbers[0], []
    for number in numbers[1:]:
        steps.append(f"{best} {'>' if best > number else '<'} {number}.")
        best = better(best, number)
    return Solution({"word": word, "numbers": _listed(numbers)}, str(best), " ".join(steps))


def _sort(operands: Operands) -> Solution:
    order, numbers = str(operands[0]), [int(number) for number in operands[1:]]
    placed = sorted(numbers, reverse=order.startswith("largest"))
    sign = ">" if order.startswith("largest") else "<"
    a, b, c = numbers
    steps = [f"{x} {'>' if x > y else '<'} {y}." for x, y in ((a, b), (a, c), (b, c))]
    steps.append(f"{placed[0]} {sign} {placed[1]} {sign} {placed[2]}.")
    blanks = {"order": order, "numbers": _listed(numbers)}
    return Solution(blanks, ", ".join(map(str, placed)), " ".join(steps))


def _chain(operands: Operands) -> Solution:
    """Each statement said the same way round, then from person to person to the one in question."""
    more, less, most, least = _RELATIONS[int(operands[0])]
    names, statements = [str(name) for name in operands[3:]], str(operands[2])
    said, steps, pair = [], [], 0
    for pair, sign in zip(map(int, statements[::2]), statements[1::2], strict=True):
        first, second = names[pair], names[pair + 1]
        forward = f"{first} is {more} than {second}."
        said.append(forward if sign == "+" else f"{second} is {less} than {first}.")
        steps.append(f"{first} > {second}.")
    path = f"{' > '.join(names[pair + 1 :])}." if operands[1] else f"{' < '.join(names[pair::-1])}."
    blanks = {"facts": " ".join(said), "most": least if operands[1] else most}
    return Solution(blanks, names[-1] if operands[1] else names[0], " ".join([*steps, path]))


EXTREME = Task(
    skill="logic",
    kind="extreme",
    training=(
        "Which is the {word} of {numbers}?",
        "Which number is the {word}: {numbers}?",
        "What is the {word} of the numbers {numbers}?",
        "Find the {word} number of {numbers}.",
        "Pick the {word} number: {numbers}.",
        "Of {numbers}, which is the {word}?",
        "Name the {word} of {numbers}.",
        "Look at {numbers}. Which number is the {word}?",
        "Here are some numbers: {numbers}. What is the {word}?",
        "Tell me the {word} number of {numbers}.",
    ),
    held_out=(
        "Which of the numbers {numbers} is the {word}?",
        "Here are some numbers: {numbers}. Pick the {word} number.",
        "What is the {word} number of {numbers}?",
    ),
    draw=_some_numbers,
    solve=_extreme,
)

SORT = Task(
    skill="logic",
    kind="sort",
    training=(
        "Sort {numbers} from {order}.",
        "Sort the numbers {numbers} from {order}.",
        "Put {numbers} in order from {order}.",
        "Order {numbers} from {order}.",
        "Arrange the numbers {numbers} from {order}.",
        "List {numbers} from {order}.",
        "Write {numbers} in order from {order}.",
        "Here are some numbers: {numbers}. Sort them from {order}.",
        "Look at {numbers}. Put them in order from {order}.",
        "What is {numbers} sorted from {order}?",
    ),
    held_out=(
        "Put the numbers {numbers} in order from {order}.",
        "Arrange {numbers} from {order}.",
        "Here are some numbers: {numbers}. List them from {order}.",
    ),
    draw=_three_numbers,
    solve=_sort,
)

CHAIN = Task(
    skill="logic",
    kind="chain",
    training=(
        "{facts} Who is the {most}?",
        "{facts} Which one is the {most}?",
        "We know this: {facts} Who is the {most}?",
        "Who is the {most}? {facts}",
        "Tell me who is the {most}. {facts}",
        "{facts} Name the {most} one.",
        "{facts} So who is the {most}?",
        "Read this. {facts} Who is the {most} of them?",
        "{facts} Name the {most} of them.",
        "{facts} Which of them is the {most}?",
    ),
    held_out=(
        "Read this. {facts} Name the {most} one.",
        "We know this: {facts} Which one is the {most}?",
        "{facts} So which of them is the {most}?",
    ),
    draw=_people,
    solve=_chain,
)

TASKS = (EXTREME, SORT, CHAIN)
