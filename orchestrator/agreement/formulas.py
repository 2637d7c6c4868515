"""Answers that are numbers or formulas: their exact values, and which pairs are worth verifying.

Expects answers as `normalise` writes them. Numbers are decided here, exactly; what needs algebra
is `mathematics`' to decide.
"""

import re
from fractions import Fraction
from functools import lru_cache

LONGEST = 100  # characters of a formula
COMPARED = 32  # pairs of one question
_DECIMAL = re.compile(r"^(-?\d{1,60}(?:\.\d{1,60})?(?:e-?\d{1,3})?)(%?)$")
_FRACTION = re.compile(r"^(-?)(?:(\d{1,30}) )?(\d{1,30})/(\d{1,30})$")
_MIXED = re.compile(r"^(-?)(\d{1,30})\\frac\{(\d{1,30})\}\{(\d{1,30})\}$")
_FORMULA = re.compile(  # no word but functions, and something that is to be calculated
    r"^(?=.*(?:[\\+*/^=<>√π]|\d[a-z]|[a-z]-|-[a-z]|[(\[{].*,|sqrt|\bpi\b))"
    r"(?:\\[a-z]+|[a-z](?![a-z])|sqrt|pi|sin|cos|tan|ln|log|exp|[^a-z\\])+$"
)
# Percentages, quantities (2 m is not twice m), dates, ranges, and whatever else is no algebra.
_NO_FORMULA = re.compile(r"[%°!?'\":;&#@~]|\d [a-z]|^\d+(?:[-/]\d+)+$")
_RELATION = re.compile(r"[<>=]|\\[lg]eq?(?![a-z])|[≤≥]")
_WORDS = re.compile(r"(?<![\\a-z])(sqrt|pi|sin|cos|tan|ln|log|exp)(?![a-z])")
_ROOT = re.compile(r"\\sqrt\s*\(([^()]*)\)|√\s*(?:\(([^()]*)\)|(\d+|[a-z]))")
_RAISED = re.compile(r"\^\(([^()]*)\)|\^(-\d+|\d{2,})")
_SYMBOLS = str.maketrans(
    {"π": r"\pi ", "·": r"\cdot ", "×": r"\times ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge "}
)


def value(answer: str) -> Fraction | None:
    """The exact value of a plain number, a percentage or a fraction; None for anything else."""
    return _value(answer) if len(answer) <= LONGEST else None


@lru_cache(maxsize=4096)
def _value(answer: str) -> Fraction | None:
    if decimal := _DECIMAL.match(answer):
        return Fraction(decimal[1]) / (100 if decimal[2] else 1)
    if parted := _FRACTION.match(answer) or _MIXED.match(answer):
        sign, whole, above, below = parted.groups()
        if int(below):
            size = int(whole or 0) + Fraction(int(above), int(below))
            return -size if sign else size
    return None


def rounded(one: str, other: str) -> bool:
    """Whether one is a fraction and the other its value rounded to three or more decimals."""
    return _rounds(one, other) or _rounds(other, one)


def is_formula(answer: str) -> bool:
    """Whether algebra could have a say: a short answer in symbols, and not just a number."""
    return (
        1 < len(answer) <= LONGEST
        and value(answer) is None
        and bool(_FORMULA.match(answer))
        and not _NO_FORMULA.search(answer)
    )


def comparable(one: str, other: str) -> bool:
    """Whether both are of one kind: math-verify takes (1, 2) for {1, 2}, and y = 2 for 2."""
    return _kind(one) == _kind(other)


def latex(formula: str) -> str:
    """The formula as LaTeX, for answers mix it with what people type."""
    text = _WORDS.sub(r"\\\1 ", formula.translate(_SYMBOLS))
    text = _ROOT.sub(lambda m: f"\\sqrt{{{m[1] or m[2] or m[3]}}}", text)
    text = _RAISED.sub(lambda m: f"^{{{m[1] or m[2]}}}", text)
    return re.sub(r"^\{(.*)\}$", r"\\{\1\\}", text)


def _rounds(fraction: str, decimal: str) -> bool:
    if "/" not in fraction or "." not in decimal:
        return False
    exact, shown = value(fraction), value(decimal)
    if exact is None or shown is None:
        return False
    places = len(decimal.rstrip("%").partition(".")[2])
    return "e" not in decimal and places >= 3 and round(exact, places) == shown


def _kind(formula: str) -> tuple[object, ...]:
    listed = formula.count(",")
    brackets = (formula[0], formula[-1]) if listed else ()
    relations = ["=" if found == "=" else "<" for found in _RELATION.findall(formula)]
    return (listed, brackets, tuple(relations))
