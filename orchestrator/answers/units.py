"""Units of measurement, spelt one way. Expects text that is casefolded; nothing is converted."""

import re
from collections.abc import Mapping

_SMALL = {"": "", "kilo": "k", "centi": "c", "milli": "m", "micro": "μ", "nano": "n"}
_LARGE = {"": "", "kilo": "k", "mega": "mega"}  # without case, MW and mW would both be mw
_PREFIXED: tuple[tuple[Mapping[str, str], Mapping[str, str]], ...] = (
    (_SMALL, {"metre": "m", "meter": "m", "gram": "g", "gramme": "g", "litre": "l", "liter": "l"}),
    (_SMALL, {"second": "s"}),
    (_LARGE, {"watt": "w", "joule": "j", "volt": "v", "hertz": "hz", "pascal": "pa", "ohm": "ω"}),
    (_LARGE, {"newton": "n", "electronvolt": "ev", "calorie": "cal", "watt-hour": "wh"}),
)
_OTHERS = {
    "sec": "s",
    "minute": "min",
    "hour": "h",
    "hr": "h",
    "hrs": "h",
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "year",
    "yr": "year",
    "yrs": "year",
    "kilo": "kg",
    "kgs": "kg",
    "kms": "km",
    "mole": "mol",
    "kelvin": "k",
    "degree": "°",
    "deg": "°",
    "celsius": "°c",
    "centigrade": "°c",
    "fahrenheit": "°f",
    "mile": "mile",
    "mi": "mile",
    "foot": "ft",
    "feet": "ft",
    "inch": "inch",
    "inches": "inch",
    "yard": "yd",
    "lb": "lb",
    "lbs": "lb",
    "ounce": "oz",
}
_NAMES = _OTHERS | {
    prefix + name: short + symbol
    for prefixes, names in _PREFIXED
    for prefix, short in prefixes.items()
    for name, symbol in names.items()
}
_SYMBOLS = {symbol: symbol for symbol in _NAMES.values()}
_PLURALS = {f"{name}s": symbol for name, symbol in _NAMES.items() if len(name) > 2}
_UNITS = _PLURALS | _NAMES | _SYMBOLS
_RATES = {"kmh": "km/h", "kph": "km/h", "mph": "mile/h"}
_PER = re.compile(r"\s+per\s+|\s*/\s*")
_TEMPERATURE = re.compile(r"^(?:°|deg(?:ree)?s?)\s*([cf])(?:elsius|entigrade|ahrenheit)?$")
_POWER = re.compile(r"^([a-zμω°]+)\s*\^?\s*\{?(-?\d)\}?$")
_SQUARED = re.compile(r"^(square|cubic)\s+(\S+)$|^(\S+)\s+(squared|cubed)$")


def unit(text: str) -> str | None:
    """The unit's symbol (`metres per second squared` is `m/s^2`), or None where some part of it
    is no unit we know."""
    if text in _UNITS or text in _RATES:
        return _UNITS.get(text) or _RATES[text]
    if temperature := _TEMPERATURE.match(text):
        return f"°{temperature[1]}"
    factors = [_factor(part) for part in _PER.split(text)]
    known = [factor for factor in factors if factor]
    return "/".join(known) if len(known) == len(factors) else None


def _factor(text: str) -> str | None:
    """One unit, maybe raised to a power."""
    if text in _UNITS:
        return _UNITS[text]
    if raised := _POWER.match(text):
        symbol, power = _UNITS.get(raised[1]), raised[2]
    elif squared := _SQUARED.match(text):
        before, one, other, after = squared.groups()
        symbol = _UNITS.get(one or other)
        power = "2" if (before or after).startswith("squ") else "3"
    else:
        return None
    return symbol and f"{symbol}^{power}"
