"""Numbers written in binary, in decimal and in Roman numerals."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task

_DIGITS = (
    ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
    ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"),
    ("", "C", "CC", "CCC"),
)


def _small(rng: Random) -> Operands:
    return (rng.randint(5, 127),)


def _longer(rng: Random) -> Operands:
    """Numbers whose halves are those asked about, as too few of these are seen in training."""
    return (rng.randint(128, 255),)


def _large(rng: Random) -> Operands:
    return (rng.randint(11, 399),)


def roman(number: int) -> str:
    """The Roman numeral of a number below 400."""
    return "".join(_DIGITS[place][number // 10**place % 10] for place in (2, 1, 0))


def _to_decimal(operands: Operands) -> Solution:
    """Each bit, then twice the number so far, then that with the bit."""
    number = int(operands[0])
    bits, steps, total = f"{number:b}", ["1 1"], 1
    for bit in bits[1:]:
        steps.append(f"{bit} {2 * total} {2 * total + int(bit)}")
        total = 2 * total + int(bit)
    return Solution({"n": bits}, str(number), f"{' '.join(steps)}.")


def _to_binary(operands: Operands) -> Solution:
    """The number halved down to one, then back up with the last bit of each."""
    number = int(operands[0])
    halves = [number >> place for place in range(number.bit_length())]
    back = " ".join(f"{half} {half % 2}" for half in reversed(halves))
    return Solution({"n": number}, f"{number:b}", f"{' '.join(map(str, halves))}. {back}.")


def _from_roman(operands: Operands) -> Solution:
    number = int(operands[0])
    steps = []
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        steps.append(f"{_DIGITS[place][digit] or 'none'} {digit}")
    return Solution({"n": roman(number)}, str(number), f"{', '.join(steps)}.")


TO_DECIMAL = Task(
    skill="numbers",
    kind="to_decimal",
    training=(
        "What is {n} in decimal?",
        "Convert {n} from binary to decimal.",
        "Convert the binary number {n} to decimal.",
        "What is the binary number {n} in decimal?",
        "Write the binary number {n} as a decimal number.",
        "Which decimal number is {n} in binary?",
        "Change binary {n} into decimal.",
        "What decimal number does binary {n} stand for?",
        "What is the decimal value of binary {n}?",
        "Turn the binary number {n} into a decimal number.",
        "Express binary {n} in decimal.",
    ),
    held_out=(
        "What is the decimal value of the binary number {n}?",
        "Change the binary number {n} to decimal.",
        "Which decimal number does binary {n} stand for?",
    ),
    draw=_small,
    solve=_to_decimal,
    practice=_longer,
)

TO_BINARY = Task(
    skill="numbers",
    kind="to_binary",
    training=(
        "What is {n} in binary?",
        "Convert {n} from decimal to binary.",
        "Convert the decimal number {n} to binary.",
        "What is the decimal number {n} in binary?",
        "Write the decimal number {n} as a binary number.",
        "Write {n} in binary.",
        "Change decimal {n} into binary.",
        "How do you write {n} in binary?",
        "What is the binary form of {n}?",
        "Turn the number {n} into a binary number.",
        "Express {n} in binary.",
    ),
    held_out=(
        "What is the binary form of the number {n}?",
        "Change the decimal number {n} to binary.",
        "How do you write the number {n} as a binary number?",
    ),
    draw=_small,
    solve=_to_binary,
    practice=_longer,
)

FROM_ROMAN = Task(
    skill="numbers",
    kind="roman",
    training=(
        "What number is the Roman numeral {n}?",
        "Convert the Roman numeral {n} to a number.",
        "What is {n} in Roman numerals as a decimal number?",
        "What does the Roman numeral {n} stand for?",
        "Write the Roman numeral {n} as a number.",
        "Which number is {n} in Roman numerals?",
        "What is the value of the Roman numeral {n}?",
        "Change the Roman numeral {n} into a number.",
        "Read the Roman numeral {n}.",
        "Turn Roman {n} into a decimal number.",
        "Express the Roman numeral {n} in decimal.",
    ),
    held_out=(
        "Which number does the Roman numeral {n} stand for?",
        "What is the decimal value of the Roman numeral {n}?",
        "Turn the Roman numeral {n} into a number.",
    ),
    draw=_large,
    solve=_from_roman,
)

TASKS = (TO_DECIMAL, TO_BINARY, FROM_ROMAN)
