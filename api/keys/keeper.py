"""Checks keys and keeps their accounts; goes on for a while where Redis does not answer."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from api.keys.account import Account
from api.keys.circuit import Away, Circuit
from api.keys.credentials import digest, opens, parsed
from api.keys.errors import BadKey, KeysAway
from api.keys.key import Key
from api.keys.ledger import LEASE, Ledger, Reservation, new_name
from api.keys.limits import Amounts
from api.keys.records import Records

GRACE = 60.0  # seconds that a key which was verified is believed without Redis
REMEMBERED = 10_000  # keys
OWED = 10_000  # settlements that wait for Redis; beyond that the oldest stay as reserved
AT_ONCE = 16  # of them made up for by one request


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
        circuit: Circuit | None = None,
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._grace = grace
        self._clock = clock
        self._circuit = circuit or Circuit()
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()  # by the token's digest
        self._alone: dict[str, Account] = {}  # by key, while Redis is away
        self._owed: deque[tuple[Reservation, Amounts]] = deque(maxlen=OWED)
        self._settling: set[asyncio.Task[None]] = set()

    async def admit(self, token: str | None) -> Key:
        """Whose token this is. Raises `BadKey`, or `KeysAway` for one not verified lately."""
        identity = parsed(token or "")
        if token is None or identity is None:
            raise BadKey
        now, name = self._clock(), digest(token)
        try:
            key = await self._circuit.ask(lambda: self._records.find(identity[0]))
        except Away as error:
            return self._remembered(name, now, error)
        if not opens(token, key.seals if key else (), now) or key is None or not key.usable(now):
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
        now = self._clock()
        try:
            reservation = await self._circuit.ask(lambda: self._ledger.reserve(key, wanted, now))
        except Away as error:
            if key.limits.budgeted:
                raise KeysAway("a budget") from error
            account = self._alone.setdefault(key.id, Account(key.limits))
            name = new_name(wanted)
            standing = account.reserve(name, wanted, now, LEASE)
            return Reservation(key, name, wanted, now, standing)
        self._alone.clear()
        for _ in range(min(AT_ONCE, len(self._owed))):
            await self._settled(*self._owed.popleft())
        return reservation

    async def settle(self, reservation: Reservation, taken: Amounts) -> None:
        """Replaces what was reserved by what was taken. What cannot be settled now stays reserved
        until Redis is back: too much is counted then, never too little."""
        if (account := self._alone.get(reservation.key.id)) is not None:
            account.settle(reservation.name, reservation.at, taken)
        # Whoever hangs up may cancel this too, and would leave the reservation in flight.
        settling = asyncio.create_task(self._settled(reservation, taken), name="settle a request")
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
        await asyncio.shield(settling)

    async def close(self) -> None:
        """Waits until everything is settled."""
        await asyncio.gather(*self._settling, return_exceptions=True)

    async def _settled(self, reservation: Reservation, taken: Amounts) -> None:
        try:
            await self._circuit.ask(lambda: self._ledger.settle(reservation, taken))
        except Away:
            self._owed.append((reservation, taken))

    def _remembered(self, name: bytes, now: float, error: Away) -> Key:
        known = self._verified.get(name)
        if known is None or now - known.at > self._grace or not known.key.usable(now):
            raise KeysAway("this key") from error
        return known.key
