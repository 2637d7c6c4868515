"""Writes answers one way: case, space, articles, punctuation, LaTeX, numbers, units."""

import re
import unicodedata

from orchestrator.answers import latex, quantities

SHORT = 400  # characters; longer texts are prose, which is folded and trimmed only
PASSES = 32  # undressing one layer may show another: $\text{(the \frac12)}$ has four
MINUS = "\N{MINUS SIGN}"
QUOTES = "\"'`“”‘’«»"
TRIM = f" \t\n\r.,;:!?*_{QUOTES}$\\"
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_CLOSING = {closing: opening for opening, closing in BRACKETS.items() if closing != ">"}

# A point before a digit, a backslash before a command and a lone variable say something.
LEADING = re.compile(
    rf"^(?:(?!\.\d|\\[a-z])[{re.escape(TRIM)}]|(?:the|an|a)\s+(?=[^\s+\-*/^=<>]))+"
)
LONG_LEADING = re.compile(rf"^(?:(?!\.\d)[{re.escape(TRIM + '()[]{}<>')}]|(?:the|an|a)\s+(?=\S))+")
SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|ⁿ")
MIXED = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
MEGA = re.compile(r"(?<=\d)\s*M(?=(?:W|J|Hz|Pa|V|eV|Ω|Ω)\b)")
# No word in it but commands: x + 1, \sqrt 2. Without an operator, "a b" would be "ab".
FORMULA = re.compile(r"^(?=.*[-+*/^=<>\\])(?:\\[a-z]+|[a-z](?![a-z])|[^a-z,\\])+$")
GAPS = re.compile(r"(\\[a-z]+\s(?=[a-z])|(?<=\d)\s(?=\d))|\s")  # 2 1/2 is not 21/2
LONE_POWER = re.compile(r"\^\{([a-z\d])\}")
TUPLE = re.compile(r"^[(\[{](?=.*,)(?:\\[a-z]+|[a-z](?![a-z])|[^a-z\\])*[)\]}]$")


def normalise(answer: str) -> str:
    """The answer in the form in which equal answers are equal strings, as far as writing alone
    decides: `1,000.0`, `$1000$` and `1e3` are `1000`, but `1/2` is not `0.5`. Doing it twice
    changes nothing."""
    text = _folded(answer)
    if len(text) > SHORT:
        text = LONG_LEADING.sub("", text.rstrip(TRIM + "()[]{}<>"))
    for _ in range(PASSES if len(text) <= SHORT else 0):
        before = text
        text = _undressed(latex.plain(text))
        text = quantities.plain(_compact(text) if FORMULA.match(text) else text)
        text = _folded(text)
        if text == before:
            break
    return text


def _folded(text: str) -> str:
    """Unicode's many ways to write one thing made one; powers and fractions keep their meaning."""
    if "M" in text:
        text = MEGA.sub(" mega", text)
    if text.isascii():
        return " ".join(text.lower().split())
    if not unicodedata.is_normalized("NFKC", text):  # no power or fraction is
        text = SUPERSCRIPT.sub(lambda found: f"^{found[0]}", MIXED.sub(" ", text))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.replace(MINUS, "-").replace("\N{FRACTION SLASH}", "/").split())


def _undressed(text: str) -> str:
    """Without punctuation, quotes, articles and brackets around the answer."""
    while True:
        before = text
        text = LEADING.sub("", text.rstrip(TRIM))
        if not text or TUPLE.match(text):
            return text
        if BRACKETS.get(text[0]) == text[-1] and _encloses(text):
            text = text[1:-1]
        elif text[0] in "([{" and text.count(text[0]) > text.count(BRACKETS[text[0]]):
            text = text[1:]
        elif text[-1] in _CLOSING and text.count(text[-1]) > text.count(_CLOSING[text[-1]]):
            text = text[:-1]
        if text == before:
            return text


def _encloses(text: str) -> bool:
    """Whether the first character's bracket is closed by the last one: not so in (a)(b)."""
    opening, closing = text[0], BRACKETS[text[0]]
    depth = 0
    for place, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return place == len(text) - 1
    return False


def _compact(text: str) -> str:
    """A formula without the spaces and braces that are a matter of taste."""
    return LONE_POWER.sub(r"^\1", GAPS.sub(r"\1", text.replace("**", "^")))
