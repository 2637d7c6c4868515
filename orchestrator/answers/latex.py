"""LaTeX as plain text, as far as that loses nothing. Expects text that is casefolded."""

import re

_SPACES = re.compile(r"\\(?:[,;: ]|q?quad(?![a-z]))|~")
_SIZES = re.compile(r"\\(?:left|right|bigg?[lr]?|displaystyle)(?![a-z])\.?|\\!")
_WORDS = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:rm|bf|it|sf)|mbox|operatorname)\s*\{([^{}]*)\}"
)
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\degrees?(?![a-z])")
_FRACTIONS = re.compile(r"\\[dtc]frac(?![a-z])")
_WHOLE_FRACTION = re.compile(r"^([-+]?)\s*\\frac\s*\{\s*([-+]?)\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}$")
_BARE = re.compile(r"\\(frac)\s*(\d)\s*(\d)|\\(sqrt)\s*(\d)(?!\d)")
_ESCAPED = re.compile(r"\\([%$&#_{}])")
_DELIMITERS = re.compile(r"\\[()\[\]]|\$(?!\s?\d)")


def plain(text: str) -> str:
    """The same without layout: spacing, sizes, fonts, delimiters. Fractions of two whole numbers
    are written `1/2`; `2\\frac12` is left alone, for it is not `21/2`."""
    if "\\" not in text and "$" not in text and "{" not in text:
        return text
    text = _DELIMITERS.sub("", _ESCAPED.sub(r"\1", text)) if "$" in text or "\\" in text else text
    text = text.replace("{,}", ",")
    if "\\" not in text:
        return text
    text = _SPACES.sub(" ", _SIZES.sub("", text))
    text = _FRACTIONS.sub(r"\\frac", _DEGREES.sub("°", _WORDS.sub(r"\1", text)))
    return _WHOLE_FRACTION.sub(_slashed, _BARE.sub(_braced, text).strip())


def _braced(found: re.Match[str]) -> str:
    """What LaTeX reads from `\\frac12` and `\\sqrt2`."""
    frac, above, below, sqrt, inside = found.groups()
    return f"\\{frac}{{{above}}}{{{below}}}" if frac else f"\\{sqrt}{{{inside}}}"


def _slashed(found: re.Match[str]) -> str:
    outer, inner, above, below = found.groups()
    sign = "-" if (outer == "-") != (inner == "-") else ""
    return f"{sign}{above}/{below}"
