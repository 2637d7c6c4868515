"""What a key may use, in which time: limits, windows of time, and whether an amount fits."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from api.keys.errors import OverLimit

NANO = 10**9  # nanodollars of a dollar: whole numbers add up exactly
MOST = 10**15  # of anything: Redis's scripts count exactly up to 2**53
SOON = 1  # seconds until something in flight may have ended
WRITTEN = re.compile(r"(?P<amount>[0-9]{1,12}(\.[0-9]{1,9})?)/(?P<period>minute|hour|day|month)")


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    DOLLARS = "dollars"


class Period(StrEnum):
    """Over which time: windows that start on the full minute, hour, day and month of UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


SECONDS = {Period.MINUTE: 60, Period.HOUR: 3600, Period.DAY: 86400}


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of a period. `name` tells it from all others of that period."""

    name: str
    ends: float  # seconds since 1970


def window(period: Period, now: float) -> Window:
    """The window that holds this moment, in seconds since 1970."""
    return _window(period, int(now // 60) * 60)


@lru_cache(maxsize=256)
def _window(period: Period, now: int) -> Window:
    """Windows start on full minutes: each is worked out once a minute."""
    if period is Period.MONTH:
        day = datetime.fromtimestamp(now, UTC)
        year, month = day.year + day.month // 12, day.month % 12 + 1
        return Window(f"{day:%Y-%m}", datetime(year, month, 1, tzinfo=UTC).timestamp())
    number = int(now // SECONDS[period])
    return Window(str(number), float((number + 1) * SECONDS[period]))


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of everything."""

    requests: int = 0
    tokens: int = 0
    nanodollars: int = 0

    def of(self, unit: Unit) -> int:
        if unit is Unit.REQUESTS:
            return self.requests
        return self.tokens if unit is Unit.TOKENS else self.nanodollars

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.requests + other.requests,
            self.tokens + other.tokens,
            self.nanodollars + other.nanodollars,
        )

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.requests - other.requests,
            self.tokens - other.tokens,
            self.nanodollars - other.nanodollars,
        )

    def within(self, room: "Amounts") -> bool:
        """Whether there is room for it."""
        return (
            self.requests <= room.requests
            and self.tokens <= room.tokens
            and self.nanodollars <= room.nanodollars
        )

    def __mul__(self, times: int) -> "Amounts":
        return Amounts(self.requests * times, self.tokens * times, self.nanodollars * times)

    def __floordiv__(self, parts: int) -> "Amounts":
        return Amounts(self.requests // parts, self.tokens // parts, self.nanodollars // parts)


NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` of a unit in each window of a period; dollars in nanodollars."""

    unit: Unit
    amount: int
    period: Period

    @classmethod
    def written(cls, unit: Unit, text: str) -> "Limit":
        """Reads `60/minute` or, for dollars, `2.50/day`. Raises `ValueError`."""
        found = WRITTEN.fullmatch(text)
        scale = NANO if unit is Unit.DOLLARS else 1
        amount = Decimal(found["amount"]) * scale if found else Decimal(-1)
        if found is None or amount != int(amount) or not 0 < amount <= MOST:
            whole = "an amount" if unit is Unit.DOLLARS else "a whole number"
            raise ValueError(
                f"{text!r} is no limit of {unit}: write {whole} above 0, a slash and a period "
                f"(minute, hour, day or month), such as 60/minute; at most {MOST // scale}"
            )
        return cls(unit, int(amount), Period(found["period"]))

    def __str__(self) -> str:
        return f"{shown(self.unit, self.amount)}/{self.period}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that binds a key. None at all: it may use as much as there is."""

    rates: tuple[Limit, ...] = ()
    concurrent: int | None = None  # requests in flight at once

    def __post_init__(self) -> None:
        if len({(limit.unit, limit.period) for limit in self.rates}) < len(self.rates):
            raise ValueError("two limits of one unit and period; keep the lower")

    @property
    def budgeted(self) -> bool:
        """Whether money is limited."""
        return any(limit.unit is Unit.DOLLARS for limit in self.rates)


@dataclass(frozen=True, slots=True)
class Level:
    """How far one limit is used up, in its present window."""

    limit: Limit
    used: int  # settled, and reserved for what is in flight
    ends: float  # seconds since 1970

    @property
    def left(self) -> int:
        return max(0, self.limit.amount - self.used)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a key stands against its limits at one moment."""

    levels: tuple[Level, ...] = ()
    in_flight: int = 0
    held: Amounts = field(default_factory=Amounts)  # of `used`, reserved for what is in flight


def breached(levels: Sequence[Level], wanted: Amounts) -> Iterator[Level]:
    """The levels that leave no room. Whoever wants nothing of a unit is not held up by it."""
    for level in levels:
        amount = wanted.of(level.limit.unit)
        if amount and level.used + amount > level.limit.amount:
            yield level


def full(limits: Limits, standing: Standing, more: int = 1) -> bool:
    """Whether so many requests more would be more in flight than may be."""
    return limits.concurrent is not None and standing.in_flight + more > limits.concurrent


def refusal(
    limits: Limits, standing: Standing, wanted: Amounts, now: float, requests: int = 1
) -> OverLimit | None:
    """Why this much cannot be had now, and when it may; None if it can. Several `requests` may want
    it together."""
    error = _why(limits, standing, wanted, now, requests)
    if error is not None:
        error.standing = standing
    return error


def _why(
    limits: Limits, standing: Standing, wanted: Amounts, now: float, requests: int
) -> OverLimit | None:
    over = list(breached(standing.levels, wanted))
    never = next(
        (level for level in over if wanted.of(level.limit.unit) > level.limit.amount), None
    )
    if never is not None:
        unit = never.limit.unit
        message = (
            f"this request may take {shown(unit, wanted.of(unit))} {unit}, and the key's limit is "
            f"{never.limit}; ask with a lower max_tokens, a smaller panel, or raise the limit"
        )
        return OverLimit(message, budget=unit is Unit.DOLLARS, seconds=None)
    if over:
        last = max(over, key=lambda level: _seconds(level, standing, wanted, now))
        return _told(last, _seconds(last, standing, wanted, now))
    if full(limits, standing, requests):
        message = f"{limits.concurrent} requests of this key are in flight, and that is its limit"
        return OverLimit(message, budget=False, seconds=SOON)
    return None


def _told(level: Level, seconds: int) -> OverLimit:
    unit = level.limit.unit
    message = (
        f"the key's limit of {level.limit} {unit} leaves {shown(unit, level.left)}, less than this "
        f"request may take; ask again in {seconds} s"
    )
    return OverLimit(message, budget=unit is Unit.DOLLARS, seconds=seconds)


def _seconds(level: Level, standing: Standing, wanted: Amounts, now: float) -> int:
    """Until there may be room: soon, if what is in flight may not take all it reserved."""
    unit = level.limit.unit
    settled = level.used - standing.held.of(unit)
    if settled + wanted.of(unit) <= level.limit.amount:
        return SOON
    return max(SOON, math.ceil(level.ends - now))


def shown(unit: Unit, amount: int) -> str:
    """The amount as people write it."""
    if unit is not Unit.DOLLARS:
        return str(amount)
    return f"{amount // NANO}.{amount % NANO:09}".rstrip("0").rstrip(".")
