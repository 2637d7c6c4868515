"""Reads the final answer out of a reply, in a form in which equal answers are equal strings.

Rules are tried from the most explicit (a boxed answer) to the least (the whole text).
"""

import re
import unicodedata
from collections.abc import Sequence

STATED = re.compile(
    r"\b(?:answer|option|choice)\s*(?:is|:|=)\s*:?[ \t]*(?=\S)",
    re.IGNORECASE,
)
THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
LETTER = re.compile(r"^\W*\(?([A-Z])\)?(?=$|[\s.):,;*\\}\]]|\()")
LONE_LETTER = re.compile(r"^\W*\(?([A-Za-z])\)?\W*$")
NUMBER = re.compile(r"^[$€£]?\s*([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(%?)$")
SENTENCE_END = re.compile(r"(?<=[^\d\s.])[.!?](?=\s|$)|(?<=\d)\.(?=\s|$)|\n")
TRIM = " \t\n\r.,;:!?*_`\"'“”‘’()[]{}<>$\\"
ARTICLE = re.compile(r"^(?:the|an|a)\s+(?=\S)")


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
        return _choice(stated or [text, text.splitlines()[-1]], options)
    return normalise(stated[0] if stated else text) or None


def normalise(answer: str) -> str:
    """Case, space, articles, enclosing punctuation and number format do not tell answers apart."""
    plain = unicodedata.normalize("NFKC", answer).strip(TRIM)
    number = NUMBER.match(plain)
    if number:
        return _number(number[1]) + number[2]
    return ARTICLE.sub("", " ".join(plain.casefold().split())).strip(TRIM)


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
    wanted = [normalise(option) for option in options]
    for source in sources:
        found = LONE_LETTER.match(source) or LETTER.match(source)
        if found and found[1].upper() in letters:
            return found[1].upper()
        if wanted.count(normalise(source)) == 1:
            return letters[wanted.index(normalise(source))]
    return None
