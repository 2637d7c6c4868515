"""How dollars are written where people read them."""

from decimal import Decimal

EXACT = 12  # digits: all that a price has, none that floats add to it


def dollars(amount: float, digits: int = EXACT) -> str:
    """As people write it, such as $0.000001: never with an exponent. Rounded to so many digits."""
    return f"${Decimal(f'{amount:.{digits}g}'):f}"
