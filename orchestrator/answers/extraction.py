"""Reads the final answer out of a reply.

Rules are tried from the most explicit (a boxed answer) to the least (the whole text). Every one
looks at a bounded part of the text, so a hostile reply costs no more than a long one.
"""

import re
from collections.abc import Sequence

from orchestrator.answers.normalisation import normalise

MENTIONS = ("answer", "option", "choice")
FOLDED = "\u0130\u0131\u017f"  # letters beside ASCII's that an i or s is found by, case ignored
STATED = re.compile(
    rf"\b(?:{'|'.join(MENTIONS)})[*_]*\s*(?:is|:|=)[*_]*\s*:?[*_\s]*(?=\S)", re.IGNORECASE
)
SUM = re.compile(r"^####\s*(?=[-$]?\.?\d)", re.MULTILINE)  # how many are taught to end a sum
# A chat template may write the opening tag into the prompt: the reply has the closing one alone.
THOUGHT = re.compile(r"\A(?:(?!<think>).)*?</think>|<think>.*?(?:</think>|\Z)", re.DOTALL)
LETTER = re.compile(r"^\W*(?:(?:option|choice)\s+)?\(?([A-Z])\)?(?=$|[\s.):,;*\\}\]]|\()")
PRONOUN = re.compile(r"^(?:A|I)\s+\w")  # opens a sentence as often as it names a choice
LONE_LETTER = re.compile(r"^\W*\(?([A-Za-z])\)?\W*$")
SENTENCE_END = re.compile(r"(?<=[^\d\s.])[.!?](?=\s|$)|(?<=\d)\.(?=\s|$)|\n")
WRAPPED = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\{(.*)\}", re.DOTALL)
# "No. 5" numbers something and "No-one" is somebody; neither says no.
POLAR = re.compile(
    r"^[*_\"'“]*(yes|no|true|false)[*_\"'”]*(?:[.!]\s|[,;:]\s|\s+[-–—]\s)\W*(?!\d)", re.IGNORECASE
)
# What follows takes the yes back, or says something else instead.
HEDGED = re.compile(
    r"\b(?:but|although|however|unless|except|instead|rather|actually|here|sure)\b",
    re.IGNORECASE,
)
CORRECTED = re.compile(r"(?:it|that|they|this)(?:'?s| is|'?re| are)\s+(?!not\b)\w", re.IGNORECASE)
ELABORATED = 300  # characters: a longer text that opens with yes is an essay, not a yes
STATEMENT = 4000  # characters of one "the answer is" that are read
STATEMENTS = 64  # of them, from the last one back


def final_answer(text: str, options: Sequence[str] = ()) -> str | None:
    """The normalised final answer of a reply, or None where none is stated.

    With `options` it is a choice's letter. Without, it is the stated answer, yes or no where the
    reply opens so, or the whole text where it states none: then only replies of the same words
    are the same answer.
    """
    text = spoken(text)
    if not text:
        return None
    boxed = _boxed(text)
    stated = [boxed] if boxed else _stated(text)
    if options:
        unstated = (text, text[text.rfind("\n") + 1 :])
        return _choice(stated or [s for s in unstated if not PRONOUN.match(s)], options)
    answer = stated[0] if stated else text
    return normalise(_polar(answer) or answer) or None


def spoken(text: str) -> str:
    """A reply without what its expert thought before it."""
    return (THOUGHT.sub("", text) if "think>" in text else text).strip()


def _boxed(text: str) -> str | None:
    """The content of the last `\\boxed{...}`, braces balanced."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 0, start + len("\\boxed{")
    for brace in re.finditer(r"[{}]", text[begin - 1 :]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            inside = text[begin : begin - 1 + brace.start()]
            wrapped = WRAPPED.fullmatch(inside.strip())
            return wrapped[1] if wrapped else inside
    return None


def _stated(text: str) -> list[str]:
    """What follows each "the answer is", up to the end of its sentence, the last one first."""
    begins = [match.end() for match in STATED.finditer(text, first_mention(text))]
    if "####" in text:
        begins = sorted([*begins, *(match.end() for match in SUM.finditer(text))])
    return [_sentence(text, begin) for begin in begins[: -STATEMENTS - 1 : -1]]


def first_mention(text: str) -> int:
    """Where to look for statements: a plain word is found faster than an expression."""
    if any(letter in text for letter in FOLDED):
        return 0
    lower = text.lower()
    return min((at for word in MENTIONS if (at := lower.find(word)) >= 0), default=len(text))


def _sentence(text: str, begin: int) -> str:
    end = SENTENCE_END.search(text, begin, begin + STATEMENT)
    return text[begin : end.start() if end else begin + STATEMENT]


def _polar(text: str) -> str | None:
    """Yes, no, true or false, where a short reply opens with it and only elaborates."""
    if len(text) > ELABORATED:
        return None
    opening = POLAR.match(text)
    if opening is None or HEDGED.search(text, opening.end()):
        return None
    corrects = opening[1].lower() in ("no", "false") and CORRECTED.match(text, opening.end())
    return None if corrects else opening[1]


def _choice(sources: Sequence[str], options: Sequence[str]) -> str | None:
    """The letter of the first source that names a choice, by letter or by its words."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(options)]
    wanted: list[str] = []
    for source in sources:
        found = LONE_LETTER.match(source) or LETTER.match(source)
        if found and found[1].upper() in letters:
            return found[1].upper()
        wanted = wanted or [normalise(option) for option in options]
        words = normalise(source)
        if wanted.count(words) == 1:
            return letters[wanted.index(words)]
    return None
