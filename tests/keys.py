"""Keys for tests, and a Redis that can be taken away."""

import asyncio
from dataclasses import dataclass, field

from redis.exceptions import ConnectionError as RedisAway

from api.keys.account import Account
from api.keys.credentials import new_id, new_token, sealed
from api.keys.key import Key, Role
from api.keys.ledger import LEASE, Reservation
from api.keys.limits import Limit, Limits, Unit

NOW = 1_800_000_000.0  # a full minute, an hour's, no day's


def limits(requests=(), tokens=(), dollars=(), concurrent=None):
    written = {Unit.REQUESTS: requests, Unit.TOKENS: tokens, Unit.DOLLARS: dollars}
    rates = [Limit.written(unit, text) for unit in written for text in written[unit]]
    return Limits(tuple(rates), concurrent)


def made(name="app", *, role=Role.USE, tenant="acme", limits=Limits(), **more):  # noqa: B008
    """(key, token): frozen limits are safe to share."""
    id = new_id()
    token = new_token(id)
    return Key(id, name, tenant, role, limits, (sealed(token),), NOW, **more), token


@dataclass
class Clock:
    now: float = NOW

    def __call__(self):
        return self.now


@dataclass
class Shared:
    """Records and ledger in memory, for as long as `there`; asked `hangs` seconds late."""

    keys: dict = field(default_factory=dict)
    accounts: dict = field(default_factory=dict)
    there: bool = True
    hangs: float = 0.0
    late: bool = False  # reserves before it hangs, so that nobody hears of it
    asked: int = 0

    def add(self, *keys):
        self.keys.update({key.id: key for key in keys})

    async def _reached(self):
        self.asked += 1
        await asyncio.sleep(self.hangs)
        if not self.there:
            raise RedisAway("gone")

    def fresh(self, _id):
        """It is asked each time."""

    async def find(self, id):
        await self._reached()
        return self.keys.get(id)

    async def reserve(self, key, names, wanted, now):
        account = self.accounts.setdefault(key.id, Account(key.limits))
        if not self.late:
            await self._reached()
        standing = account.reserve(names, wanted, now, LEASE)
        if self.late:
            await self._reached()
        return Reservation(key, names, wanted, now, standing)

    async def settle(self, reservation, taken):
        await self._reached()
        account = self.accounts[reservation.key.id]
        account.settle(reservation.names, reservation.at, reservation.wanted, taken)
