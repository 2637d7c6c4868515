"""Reservations in Redis, right under races between workers."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from api.keys import names, scripts
from api.keys.key import Key
from api.keys.limits import Amounts, Level, Standing, refusal, window
from api.keys.line import Line

if TYPE_CHECKING:
    from api.keys.advance import Advance

LEASE = 900.0  # seconds after which a request of a worker that died is no longer in flight
LATE = 3600  # seconds that a counter outlives its window, for what is settled late


NOT_KNOWN = Standing()


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was taken off a key's limits for one request, or for several, until it is settled."""

    key: Key
    names: tuple[str, ...]  # one for each request; unguessable, and they tell the amounts
    wanted: Amounts  # by all of them together
    at: float  # seconds since 1970
    standing: Standing = NOT_KNOWN  # with the reservation
    keys: tuple[str, ...] = ()  # where it is counted in Redis
    advance: "Advance | None" = None  # that this is a part of, which Redis is not told of singly


def new_names(wanted: Amounts, count: int = 1) -> tuple[str, ...]:
    """Names of so many reservations, each of these amounts."""
    drawn = secrets.token_hex(12)
    amounts = f"{wanted.requests}:{wanted.tokens}:{wanted.nanodollars}"
    return tuple(f"{drawn}.{place}:{amounts}" for place in range(count))


class Ledger:
    """What keys have used, shared by every worker on the same Redis. `flight` names, by a key's
    id, where its reservations are until they are settled."""

    def __init__(self, redis: Redis, flight: Callable[[str], str] = names.flight) -> None:
        self._line = Line(redis)
        self._flight = flight

    async def reserve(
        self, key: Key, names: tuple[str, ...], wanted: Amounts, now: float
    ) -> Reservation:
        """Takes the amounts, for all `new_names` together, off all limits at once, or raises
        `OverLimit`."""
        limits = key.limits
        ends = [window(limit.period, now).ends for limit in limits.rates]
        keys = self._keys(key, now)
        most = -1 if limits.concurrent is None else limits.concurrent
        arguments: list[str | int] = [int(now * 1000), int((now + LEASE) * 1000), most]
        for limit, end in zip(limits.rates, ends, strict=True):
            arguments += [limit.amount, wanted.of(limit.unit), int(end - now) + LATE]
        reserved, in_flight, *rest = await self._run(scripts.RESERVE, keys, [*arguments, *names])
        levels = tuple(
            Level(limit, int(used), end)
            for limit, used, end in zip(limits.rates, rest, ends, strict=False)
        )
        held = sum((_held(member) for member in rest[len(levels) :]), Amounts())
        standing = Standing(levels, in_flight, held)
        if not reserved:
            error = refusal(limits, standing, wanted, now, len(names))
            assert error is not None, "the script refuses what does not fit, and nothing else"
            raise error
        return Reservation(key, names, wanted, now, standing, keys)

    async def settle(self, reservation: Reservation, taken: Amounts) -> None:
        """Replaces what was reserved by what was taken. Doing it again changes nothing."""
        key, wanted = reservation.key, reservation.wanted
        changes = [taken.of(limit.unit) - wanted.of(limit.unit) for limit in key.limits.rates]
        keys = reservation.keys or self._keys(key, reservation.at)
        await self._run(scripts.SETTLE, keys, [*changes, *reservation.names])

    def _keys(self, key: Key, now: float) -> tuple[str, ...]:
        """A key's names in Redis: what is in flight, and a counter for each limit."""
        counters = (
            names.used(key.id, limit.unit, limit.period, window(limit.period, now).name)
            for limit in key.limits.rates
        )
        return (self._flight(key.id), *counters)

    async def _run(
        self, script: scripts.Script, keys: Sequence[str], arguments: Sequence[str | int]
    ) -> Any:
        """By the script's name; its text is sent where Redis has never seen it."""
        named = (script.sha, len(keys), *keys, *arguments)
        try:
            return await self._line.ask("EVALSHA", *named)
        except ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
            return await self._line.ask("EVAL", script.text, *named[1:])


def _held(member: Any) -> Amounts:
    text = member.decode() if isinstance(member, bytes) else str(member)
    return Amounts(*map(int, text.split(":")[1:]))
