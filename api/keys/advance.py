"""What a worker takes off a key's limits ahead of its requests, so that most ask Redis nothing.

An advance is several reservations that Redis makes in one step. They count as used and as in flight
for everybody, so no limit is exceeded. A second later, what no request took is given back.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.keys.key import Key
from api.keys.ledger import Reservation
from api.keys.limits import NOTHING, Amounts, Level, Limits, Standing

AGE = 1.0  # seconds until an advance is given back
MOST = 256  # reservations of one
SHARE = 32  # an advance takes at most this part of what a limit leaves
PLACES = 8  # and this part of the places that are free


@dataclass(slots=True, eq=False)
class Advance:
    """Reservations of one key: `free` ones, and what requests may take of them together."""

    whole: Reservation
    left: Amounts = field(init=False)  # neither promised to a request nor taken
    ends: float = field(init=False)  # seconds since 1970: a window that it counts in is over
    open: bool = True  # whether requests may still have some of it
    _free: list[str] = field(init=False)
    _flying: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.left = self.whole.wanted
        self._free = [*self.whole.names]
        self.ends = min((level.ends for level in self.whole.standing.levels), default=float("inf"))

    def promise(self, key: Key, wanted: Amounts, now: float) -> Reservation | None:
        """One request's part; None where not enough is left, or the key was changed."""
        usable = self.open and now < self.ends and key is self.whole.key
        if not (usable and self._free and wanted.within(self.left)):
            return None
        name = self._free.pop()
        self._flying.add(name)
        self.left -= wanted
        return Reservation(key, (name,), wanted, now, self._standing(), advance=self)

    def settle(self, part: Reservation, taken: Amounts) -> None:
        """A request is over: another may have what it did not take. Doing it again changes
        nothing."""
        (name,) = part.names
        if name in self._flying:
            self._flying.remove(name)
            self._free.append(name)
            self.left += part.wanted - taken

    def rest(self) -> Reservation | None:
        """What Redis is to have back of it: all but what is in flight. No other request has any of
        it from now on."""
        self.open = False
        names, left = tuple(self._free), self.left
        if not names:  # it goes with a request that is in flight
            return None
        self._free, self.left = [], NOTHING
        return Reservation(self.whole.key, names, left, self.whole.at, keys=self.whole.keys)

    def _standing(self) -> Standing:
        """How the key stands with what was promised and taken, and nothing ahead of it."""
        told, left = self.whole.standing, self.left
        levels = [
            Level(level.limit, level.used - left.of(level.limit.unit), level.ends)
            for level in told.levels
        ]
        return Standing(tuple(levels), told.in_flight - len(self._free), told.held)


@dataclass(slots=True)
class Pace:
    """How many requests of a key come in a second, and how it stood when Redis was last asked."""

    standing: Standing = field(default_factory=Standing)
    advance: Advance | None = None
    _asking: asyncio.Event | None = None  # set when the next advance is there, or there is none
    _second: int = 0
    _before: int = 0  # requests in the second before
    _now: int = 0  # and in this one

    def count(self, now: float) -> None:
        """A request comes."""
        second = int(now)
        if second != self._second:
            self._before = self._now if second == self._second + 1 else 0
            self._second, self._now = second, 0
        self._now += 1

    def promise(self, key: Key, wanted: Amounts, now: float) -> Reservation | None:
        """A part of the advance, if there is one."""
        return None if self.advance is None else self.advance.promise(key, wanted, now)

    @contextmanager
    def advancing(self) -> Iterator[None]:
        """While Redis is asked for an advance."""
        self._asking = asking = asyncio.Event()
        try:
            yield
        finally:
            asking.set()
            self._asking = None

    async def advanced(self) -> None:
        """Waits while somebody asks for an advance."""
        if self._asking is not None:
            await self._asking.wait()

    def ahead(self, limits: Limits, wanted: Amounts, now: float) -> int:
        """How many reservations like this one are worth making at once: as many as a second brings,
        and a small part of what limits leave. 1: there is no point in an advance."""
        demand = 1 if self._asking is not None else max(self._before, self._now - 1)
        return max(1, min(demand, MOST, *self._rooms(limits, wanted, now)))

    def _rooms(self, limits: Limits, wanted: Amounts, now: float) -> Iterator[int]:
        for level in self.standing.levels:
            if amount := wanted.of(level.limit.unit):
                yield level.left // (SHARE * amount) if now < level.ends else 1
        if limits.concurrent is not None:
            yield (limits.concurrent - self.standing.in_flight) // PLACES
