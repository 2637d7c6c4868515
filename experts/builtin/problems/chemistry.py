"""Chemical elements: their symbols and atomic numbers."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task

_TABLE = """
    1 H hydrogen, 2 He helium, 3 Li lithium, 4 Be beryllium, 5 B boron, 6 C carbon, 7 N nitrogen,
    8 O oxygen, 9 F fluorine, 10 Ne neon, 11 Na sodium, 12 Mg magnesium, 13 Al aluminium,
    14 Si silicon, 15 P phosphorus, 16 S sulfur, 17 Cl chlorine, 18 Ar argon, 19 K potassium,
    20 Ca calcium, 21 Sc scandium, 22 Ti titanium, 23 V vanadium, 24 Cr chromium,
    25 Mn manganese, 26 Fe iron, 27 Co cobalt, 28 Ni nickel, 29 Cu copper, 30 Zn zinc,
    31 Ga gallium, 32 Ge germanium, 33 As arsenic, 34 Se selenium, 35 Br bromine, 36 Kr krypton,
    37 Rb rubidium, 38 Sr strontium, 40 Zr zirconium, 42 Mo molybdenum, 46 Pd palladium,
    47 Ag silver, 48 Cd cadmium, 50 Sn tin, 53 I iodine, 54 Xe xenon, 55 Cs caesium,
    56 Ba barium, 74 W tungsten, 78 Pt platinum, 79 Au gold, 80 Hg mercury, 82 Pb lead,
    86 Rn radon, 88 Ra radium, 92 U uranium
"""
ELEMENTS = tuple((int(n), symbol, name) for n, symbol, name in map(str.split, _TABLE.split(",")))


def _element(rng: Random) -> Operands:
    return rng.choice(ELEMENTS)


def _symbol(operands: Operands) -> Solution:
    _, symbol, name = operands
    return Solution({"name": name}, str(symbol), f"The symbol of {name} is {symbol}.")


def _name(operands: Operands) -> Solution:
    _, symbol, name = operands
    return Solution({"symbol": symbol}, str(name), f"The element {symbol} is {name}.")


def _number(operands: Operands) -> Solution:
    number, _, name = operands
    return Solution({"name": name}, str(number), f"The atomic number of {name} is {number}.")


SYMBOL = Task(
    skill="chemistry",
    kind="symbol",
    training=(
        "What is the chemical symbol of {name}?",
        "What is the symbol for {name}?",
        "Which symbol does {name} have?",
        "Give the chemical symbol for {name}.",
        "Name the symbol of the element {name}.",
        "What symbol stands for {name}?",
        "Tell me the symbol for the element {name}.",
        "Which chemical symbol stands for {name}?",
        "How do chemists write {name}?",
        "What is {name}'s chemical symbol?",
    ),
    held_out=(
        "Give the symbol of the element {name}.",
        "Which chemical symbol does {name} have?",
        "Tell me the chemical symbol for {name}.",
        "What is the symbol of the element {name}?",
    ),
    draw=_element,
    solve=_symbol,
    fact=True,
)

NAME = Task(
    skill="chemistry",
    kind="name",
    training=(
        "Which element has the symbol {symbol}?",
        "What element has the chemical symbol {symbol}?",
        "Name the element with the symbol {symbol}.",
        "What does the chemical symbol {symbol} stand for?",
        "{symbol} is the symbol of which element?",
        "Which chemical element is {symbol}?",
        "Tell me the element with the chemical symbol {symbol}.",
        "What is the name of the element {symbol}?",
        "In chemistry, what does {symbol} stand for?",
        "Which element do chemists write as {symbol}?",
    ),
    held_out=(
        "Which element does the symbol {symbol} stand for?",
        "Tell me the name of the element with the symbol {symbol}.",
        "{symbol} is the chemical symbol of which element?",
        "What is the element with the chemical symbol {symbol}?",
    ),
    draw=_element,
    solve=_name,
    fact=True,
)

NUMBER = Task(
    skill="chemistry",
    kind="number",
    training=(
        "What is the atomic number of {name}?",
        "Which atomic number does {name} have?",
        "Give the atomic number of {name}.",
        "Tell me the atomic number of the element {name}.",
        "What atomic number does {name} have?",
        "How many protons does {name} have?",
        "How many protons are in an atom of {name}?",
        "Name the atomic number of {name}.",
        "What is {name}'s atomic number?",
        "What is the number of protons in {name}?",
    ),
    held_out=(
        "Which atomic number does the element {name} have?",
        "Tell me the number of protons in {name}.",
        "How many protons does an atom of {name} have?",
        "Give the atomic number of the element {name}.",
    ),
    draw=_element,
    solve=_number,
    fact=True,
)

TASKS = (SYMBOL, NAME, NUMBER)
