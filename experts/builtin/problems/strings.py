"""Letters of a word: reversed, picked by place, counted."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task
from experts.builtin.problems.words import repetitive_word, word

_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")


def _one_word(rng: Random) -> Operands:
    return (word(rng),)


def _word_and_place(rng: Random) -> Operands:
    text = word(rng)
    return (text, rng.choice([*_PLACES[: len(text)], "last"]))


def _word_and_letter(rng: Random) -> Operands:
    text = repetitive_word(rng)
    return (text, rng.choice(sorted(set(text))))


def _numbered(text: str) -> str:
    return " ".join(f"{number} {letter}" for number, letter in enumerate(text, start=1))


def _reverse(operands: Operands) -> Solution:
    text = str(operands[0])
    back = " ".join(f"{number} {text[number - 1]}" for number in range(len(text), 0, -1))
    return Solution({"word": text}, text[::-1], f"{_numbered(text)}. {back}.")


def _letter(operands: Operands) -> Solution:
    text, place = map(str, operands)
    end = len(text) if place == "last" else _PLACES.index(place) + 1
    blanks = {"word": text, "place": place}
    return Solution(blanks, text[end - 1], f"{_numbered(text[:end])}.")


def _count(operands: Operands) -> Solution:
    """Each letter beside the one wanted, and how many were alike so far."""
    text, letter = map(str, operands)
    steps = [
        f"{i} {text[i - 1]} {letter} {text[:i].count(letter)}" for i in range(1, len(text) + 1)
    ]
    blanks = {"word": text, "letter": letter}
    return Solution(blanks, str(text.count(letter)), f"{' '.join(steps)}.")


REVERSE = Task(
    skill="strings",
    kind="reverse",
    training=(
        "Spell {word} backwards.",
        "Reverse the word {word}.",
        "What is {word} spelled backwards?",
        "Write {word} backwards.",
        "Write the word {word} in reverse.",
        "What do you get when you reverse {word}?",
        "How do you spell {word} backwards?",
        "Reverse {word}.",
        "Reverse the letters of {word}.",
        "What is the reverse of {word}?",
        "Read {word} from right to left.",
        "Turn the word {word} around.",
    ),
    held_out=(
        "Spell the word {word} in reverse.",
        "Write the letters of {word} backwards.",
        "What do you get when you spell {word} backwards?",
        "What is the word {word} in reverse?",
    ),
    draw=_one_word,
    solve=_reverse,
)

LETTER = Task(
    skill="strings",
    kind="letter",
    training=(
        "What is the {place} letter of {word}?",
        "What is the {place} letter in {word}?",
        "Which letter is the {place} letter of {word}?",
        "Give the {place} letter of {word}.",
        "Tell me the {place} letter of the word {word}.",
        "Find the {place} letter in the word {word}.",
        "Which letter comes {place} in {word}?",
        "Name the {place} letter of {word}.",
        "In the word {word}, what is the {place} letter?",
        "Look at {word}. What is its {place} letter?",
        "Write the {place} letter of {word}.",
    ),
    held_out=(
        "Which letter is the {place} one in {word}?",
        "Find the {place} letter of {word}.",
        "Give the {place} letter in the word {word}.",
        "In the word {word}, which letter comes {place}?",
    ),
    draw=_word_and_place,
    solve=_letter,
)

COUNT = Task(
    skill="strings",
    kind="count",
    training=(
        "How many times does the letter {letter} appear in {word}?",
        "How many times does {letter} appear in the word {word}?",
        "Count the letter {letter} in {word}.",
        "How often does {letter} occur in {word}?",
        "How often does the letter {letter} appear in {word}?",
        "Count how many times {letter} occurs in {word}.",
        "How many letters {letter} are in {word}?",
        "How many letters {letter} are there in the word {word}?",
        "In the word {word}, how many times does {letter} occur?",
        "Look at {word}. How many times does {letter} appear?",
        "Find how often {letter} appears in {word}.",
    ),
    held_out=(
        "How often does {letter} appear in the word {word}?",
        "Count how often the letter {letter} appears in {word}.",
        "How many times does the letter {letter} occur in {word}?",
        "In the word {word}, how many letters {letter} are there?",
    ),
    draw=_word_and_letter,
    solve=_count,
)

TASKS = (REVERSE, LETTER, COUNT)
