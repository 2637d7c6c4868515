"""Numbers and their units, written one way. Expects text that is casefolded.

Currency is dropped, for `$` is also how mathematics is marked and an amount's currency is mostly
settled by the question. Units are kept: 12 km is neither 12 nor 12 m.
"""

import re

from orchestrator.answers.units import unit

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|(?=\.?\d)\d*)(?:\.\d+)?"
_POWER = (
    r"(?:e([-+]?\d{1,3})|\s*(?:x|×|\*|·|\\times|\\cdot)\s*10\s*\^\s*\{?\s*([-+]?\d{1,3})\s*\}?)"
)
_CURRENCY_SIGN = r"(?:(?:us|a|c)?[$€£¥])?"
_QUANTITY = re.compile(
    rf"^([-+]?)\s*{_CURRENCY_SIGN}\s*([-+]?)({_NUMBER}){_POWER}?(?![\d.,])(\s*)((?:[%°a-zμωå].*)?)$"
)
_FRACTION = re.compile(r"^([-+]?)\s*(\d+)\s*/\s*(\d+)$")
_SCALE = re.compile(r"^(thousand|million|billion|trillion)s?\b\s*")
_POWERS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_PERCENT = re.compile(r"^(?:%|per\s?cent|pct\.?)$")
_CURRENCY = re.compile(r"^(?:(?:us )?dollars?|usd|euros?|eur|gbp|pounds sterling)$")
_LONGEST = 15  # more digits than this after writing out a power of ten, and the power stays


def plain(text: str) -> str:
    """The quantity or fraction written one way, or the same text where it is neither."""
    if fraction := _FRACTION.match(text):
        sign, above, below = fraction.groups()
        return f"{sign.replace('+', '')}{above}/{below}"
    found = _QUANTITY.match(text)
    if not found:
        return text
    outer, inner, digits, power, times, space, rest = found.groups()
    sign = "-" if (outer == "-") != (inner == "-") else ""
    shift = int(power or times or 0)
    if scale := _SCALE.match(rest):
        shift += _POWERS[scale[1]]
        rest, space = rest[scale.end() :], " "
    number = _number(sign, digits.replace(",", ""), shift)
    if not rest or _CURRENCY.match(rest):
        return number
    if _PERCENT.match(rest):
        return f"{number}%"
    symbol = unit(rest)
    if symbol is None:
        return f"{number}{' ' if space else ''}{rest}"
    return f"{number}{'' if symbol == '°' else ' '}{symbol}"


def _number(sign: str, digits: str, shift: int) -> str:
    """`digits` times ten to the power of `shift`, without zeros that say nothing."""
    whole, _, decimals = digits.partition(".")
    significant = (whole + decimals).strip("0")
    if not significant:
        return "0"
    if shift:
        point = len((whole + decimals).lstrip("0")) - len(decimals) + shift  # digits before it
        if not -_LONGEST < point <= _LONGEST:
            tail = f".{significant[1:]}" if significant[1:] else ""
            return f"{sign}{significant[0]}{tail}e{point - 1}"
        padded = "0" * -point + significant.ljust(point, "0")
        place = max(point, 0)
        whole, decimals = padded[:place], padded[place:]
    decimals = decimals.rstrip("0")
    return f"{sign}{whole.lstrip('0') or '0'}{f'.{decimals}' if decimals else ''}"
