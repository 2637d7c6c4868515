"""Checks keys and keeps their accounts; goes on for a while where Redis does not answer."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from api.keys.account import Account
from api.keys.advance import AGE, Advance, Pace
from api.keys.credentials import digest, opens, parsed
from api.keys.errors import BadKey, KeysAway, OverLimit
from api.keys.key import Key
from api.keys.ledger import LEASE, Ledger, Reservation, new_names
from api.keys.limits import NOTHING, Amounts
from api.keys.records import Records
from api.redis_circuit import Away, NotAsked, RedisCircuit

GRACE = 60.0  # seconds that a key which was verified is believed without Redis
REMEMBERED = 10_000  # keys
OWED = 10_000  # settlements that wait for Redis; beyond that the oldest stay as reserved
MAKING_UP = 0.05  # seconds that one request spends on them
GATHERED = 0.02  # seconds in which what requests leave of an advance is gathered


@dataclass(frozen=True, slots=True)
class Verified:
    key: Key
    at: float  # seconds since 1970


class Keeper:
    """The keys of one worker. `clock` tells seconds since 1970."""

    def __init__(
        self,
        records: Records,
        ledger: Ledger,
        grace: float = GRACE,
        clock: Callable[[], float] = time.time,
        circuit: RedisCircuit | None = None,
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._grace = grace
        self._clock = clock
        self._circuit = circuit or RedisCircuit("keys")
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()  # by the token's digest
        self._alone: dict[str, Account] = {}  # by key, while Redis is away
        self._paces: dict[str, Pace] = {}  # by key
        self._closing: set[Advance] = set()  # of which something is to be given back soon
        self._owed: deque[tuple[Reservation, Amounts]] = deque(maxlen=OWED)
        self._settling: set[asyncio.Task[bool]] = set()

    async def admit(self, token: str | None) -> Key:
        """Whose token this is. Raises `BadKey`, or `KeysAway` for one not verified lately."""
        identity = parsed(token or "")
        if token is None or identity is None:
            raise BadKey
        now, name = self._clock(), digest(token)
        key = self._records.fresh(identity[0])
        if key is None:
            try:
                key = await self._circuit.ask(lambda: self._records.find(identity[0]))
            except Away as error:
                return self._remembered(name, now, error)
        if not self._opened(name, token, key, now) or key is None or not key.usable(now):
            self._verified.pop(name, None)
            raise BadKey
        self._verified[name] = Verified(key, now)
        self._verified.move_to_end(name)
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return key

    async def reserve(self, key: Key, wanted: Amounts) -> Reservation:
        """Takes the amounts off the key's limits, or raises `OverLimit`. Without Redis, this
        worker counts alone from nothing; money is not spent on a guess: then `KeysAway`."""
        now, pace = self._clock(), self._paces.setdefault(key.id, Pace())
        pace.count(now)
        if (part := pace.promise(key, wanted, now)) is not None:
            return part
        await self._make_up()
        try:
            return await self._taken(pace, key, wanted, now)
        except OverLimit:
            if (part := pace.promise(key, wanted, now)) is None:
                raise
            return part  # of an advance that another request got meanwhile
        except Away:
            return self._alone_reserved(key, wanted, now)

    async def settle(self, reservation: Reservation, taken: Amounts) -> None:
        """Replaces what was reserved by what was taken. What cannot be settled now stays reserved
        until Redis is back: too much is counted then, never too little."""
        if (settling := self.settle_soon(reservation, taken)) is not None:
            await asyncio.shield(settling)  # whoever hangs up may cancel this

    def settle_soon(self, reservation: Reservation, taken: Amounts) -> "asyncio.Task[bool] | None":
        """The same, on its way to Redis when this returns: before the answer is on its way to the
        client, and before this worker's next reservation. Nobody needs to wait for it."""
        if (advance := reservation.advance) is not None:
            advance.settle(reservation, taken)
            if not advance.open and advance not in self._closing:
                self._closing.add(advance)
                asyncio.get_running_loop().call_later(GATHERED, self._give_back, advance)
            return None
        (name, *_), account = reservation.names, self._alone.get(reservation.key.id)
        if account is not None and name in account.flight:
            account.settle(reservation.names, reservation.at, reservation.wanted, taken)
            return None
        return self._settling_now(reservation, taken)

    def _settling_now(self, reservation: Reservation, taken: Amounts) -> "asyncio.Task[bool]":
        settling = asyncio.create_task(self._settled(reservation, taken), name="settle a request")
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
        return settling

    @property
    def owed(self) -> int:
        """Settlements that wait for Redis."""
        return len(self._owed)

    async def close(self) -> None:
        """Waits until everything is settled but what is in flight."""
        for pace in self._paces.values():
            if pace.advance is not None:
                self._retire(pace, pace.advance)
        for advance in [*self._closing]:
            self._give_back(advance)
        await asyncio.gather(*self._settling, return_exceptions=True)

    def _opened(self, name: bytes, token: str, key: Key | None, now: float) -> bool:
        """Whether the token is the key's. It is not hashed again while the key stays as it was."""
        known = self._verified.get(name)
        if known is not None and known.key is key and not known.key.rotating:
            return True
        return opens(token, key.seals if key else (), now)

    async def _taken(self, pace: Pace, key: Key, wanted: Amounts, now: float) -> Reservation:
        """For this request in Redis and, where more are to be expected, for them too."""
        await pace.advanced()
        if (part := pace.promise(key, wanted, now)) is not None:
            return part
        if pace.advance is not None:
            self._retire(pace, pace.advance)
        if (count := pace.ahead(key.limits, wanted, now)) > 1:
            with suppress(OverLimit), pace.advancing():  # there may be room for this one
                names = new_names(wanted, count)
                advance = Advance(await self._asked(key, names, wanted * count, now))
                pace.advance, pace.standing = advance, advance.whole.standing
                asyncio.get_running_loop().call_later(AGE, self._retire, pace, advance)
                if (part := pace.promise(key, wanted, now)) is not None:
                    return part
        reservation = await self._asked(key, new_names(wanted), wanted, now)
        pace.standing = reservation.standing
        return reservation

    async def _asked(
        self, key: Key, names: tuple[str, ...], wanted: Amounts, now: float
    ) -> Reservation:
        try:
            reservation = await self._circuit.ask(
                lambda: self._ledger.reserve(key, names, wanted, now)
            )
        except NotAsked:
            raise
        except (Away, asyncio.CancelledError):
            # Redis may have done it all the same, and is to undo it.
            self._owed.append((Reservation(key, names, wanted, now), NOTHING))
            raise
        self._alone.clear()
        return reservation

    def _retire(self, pace: Pace, advance: Advance) -> None:
        """No other request has any of it."""
        if pace.advance is advance:
            pace.advance = None
        self._give_back(advance)

    def _give_back(self, advance: Advance) -> None:
        self._closing.discard(advance)
        if (rest := advance.rest()) is not None:
            _ = self._settling_now(rest, NOTHING)

    def _alone_reserved(self, key: Key, wanted: Amounts, now: float) -> Reservation:
        if key.limits.budgeted:
            raise KeysAway("a budget")
        account, names = self._alone.setdefault(key.id, Account(key.limits)), new_names(wanted)
        return Reservation(key, names, wanted, now, account.reserve(names, wanted, now, LEASE))

    async def _settled(self, reservation: Reservation, taken: Amounts) -> bool:
        try:
            await self._circuit.ask(lambda: self._ledger.settle(reservation, taken))
        except (Away, asyncio.CancelledError) as error:
            self._owed.append((reservation, taken))
            if isinstance(error, Away):
                return False
            raise
        return True

    async def _make_up(self) -> None:
        """Settles some of what could not be settled before; whoever asks hardly waits for it."""
        ends = asyncio.get_running_loop().time() + MAKING_UP
        while self._owed and await self._settled(*self._owed.popleft()):
            if asyncio.get_running_loop().time() >= ends:
                return

    def _remembered(self, name: bytes, now: float, error: Away) -> Key:
        known = self._verified.get(name)
        if known is None or now - known.at > self._grace or not known.key.usable(now):
            raise KeysAway("this key") from error
        return known.key
