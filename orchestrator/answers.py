"""Reads the final answer out of a reply, in a form in which equal answers are equal strings.

Rules are tried from the most explicit (a boxed answer) to the least (the whole text).
"""

import re
import unicodedata
from collections.abc import Sequence

STATED = re.compile(
    r"\b(?:answer|option|choice)[*_]*\s*(?:is|:|=)[*_]*\s*:?[*_\s]*(?=\S)",
    re.IGNORECASE,
)
# A chat template may write the opening tag into the prompt: the reply has the closing one alone.
THOUGHT = re.compile(r"\A(?:(?!<think>).)*?</think>|<think>.*?(?:</think>|\Z)", re.DOTALL)
LETTER = re.compile(r"^\W*(?:(?:option|choice)\s+)?\(?([A-Z])\)?(?=$|[\s.):,;*\\}\]]|\()")
PRONOUN = re.compile(r"^(?:A|I)\s+\w")  # opens a sentence as often as it names a choice
LONE_LETTER = re.compile(r"^\W*\(?([A-Za-z])\)?\W*$")
NUMBER = re.compile(r"^[$€£]?\s*([-+]?(?:\d{1,3}(?:,\d{3})+|(?=\.?\d)\d*)(?:\.\d+)?)\s*\\?(%?)$")
SENTENCE_END = re.compile(r"(?<=[^\d\s.])[.!?](?=\s|$)|(?<=\d)\.(?=\s|$)|\n")
MINUS = "\N{MINUS SIGN}"
TRIM = " \t\n\r.,;:!?*_`\"'“”‘’()[]{}<>$\\"
LEADING = re.compile(rf"^(?:(?!\.\d)[{re.escape(TRIM)}]|(?:the|an|a)\s+(?=\S))+")


def final_answer(text: str, options: Sequence[str] = ()) -> str | None:
    """The normalised final answer of a reply, or None where none is stated.

    With `options` it is a choice's letter. Without, it is the stated answer, or the whole text
    where the reply states none: then only replies of the same words agree.
    """
    text = THOUGHT.sub("", text).strip()
    if not text:
        return None
    boxed = _boxed(text)
    stated = [boxed] if boxed else _stated(text)
    if options:
        unstated = [part for part in (text, text.splitlines()[-1]) if not PRONOUN.match(part)]
        return _choice(stated or unstated, options)
    return normalise(stated[0] if stated else text) or None


def normalise(answer: str) -> str:
    """Case, space, articles, enclosing punctuation and number format do not tell answers apart."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", answer).casefold())
    spaced = " ".join(folded.replace(MINUS, "-").split())
    plain = LEADING.sub("", spaced.rstrip(TRIM))
    number = NUMBER.match(plain)
    return _number(number[1]) + number[2] if number else plain


def _number(digits: str) -> str:
    digits = digits.replace(",", "").removeprefix("+")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    sign, whole = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole = whole.lstrip("0") or "0"
    return f"{sign if whole != '0' else ''}{'0' + whole if whole.startswith('.') else whole}"


def _boxed(text: str) -> str | None:
    """The content of the last `\\boxed{...}`, braces balanced."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 0, start + len("\\boxed{")
    for i in range(begin - 1, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return _unwrapped(text[begin:i])
    return None


def _unwrapped(latex: str) -> str:
    inner = re.fullmatch(r"\\(?:text|mathrm|textbf|mathbf)\{(.*)\}", latex.strip())
    return inner[1] if inner else latex


def _stated(text: str) -> list[str]:
    """What follows each "the answer is", up to the end of its sentence, the last one first."""
    ends = [match.end() for match in STATED.finditer(text)]
    return [SENTENCE_END.split(text[end:], maxsplit=1)[0] for end in reversed(ends)]


def _choice(sources: Sequence[str], options: Sequence[str]) -> str | None:
    """The letter of the first source that names a choice, by letter or by its words."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(options)]
    wanted: list[str] = []
    for source in sources:
        found = LONE_LETTER.match(source) or LETTER.match(source)
        if found and found[1].upper() in letters:
            return found[1].upper()
        wanted = wanted or [normalise(option) for option in options]  # rarely needed, and slow
        if wanted.count(normalise(source)) == 1:
            return letters[wanted.index(normalise(source))]
    return None
