"""What is kept of responses, in Redis: for a while, for one tenant, and no more than so much."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from api.redis_circuit import Away, RedisCircuit
from api.responses import names, scripts
from api.responses.errors import ResponsesAway, UnknownResponse
from api.responses.record import Record, packed, unpacked

T = TypeVar("T")
ID = re.compile(r"resp_[0-9a-f]{48}")
DAY = 86_400.0  # seconds
MIB = 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Store:
    """The responses of one tenant. Every call raises `ResponsesAway` if Redis does not answer."""

    redis: Redis
    keeping: AsyncScript
    forgetting: AsyncScript
    seconds: float  # that each is kept
    most: int  # bytes of all that is kept of a tenant
    circuit: RedisCircuit = field(default_factory=lambda: RedisCircuit("responses"))
    clock: Callable[[], float] = time.time  # seconds since 1970
    tenant: str = ""

    @classmethod
    def on(cls, redis: Redis, days: float, mib: int) -> "Store":
        keeping, forgetting = map(redis.register_script, (scripts.KEEP, scripts.FORGET))
        return cls(redis, keeping, forgetting, days * DAY, mib * MIB)

    def of(self, tenant: str) -> "Store":
        """The same for another tenant; neither finds what the other keeps."""
        return replace(self, tenant=tenant)

    async def reach(self) -> None:
        """Whether anything can be kept now."""
        await self._asked(self.redis.ping)

    async def keep(self, record: Record) -> bool:
        """Whether it is kept. What is larger than all that may be is not; other than that the
        oldest make room for it."""
        now = self.clock()
        ends = int((now + self.seconds) * 1000)
        arguments: list[str | int] = [record.id, packed(record), int(now * 1000), ends, self.most]
        return bool(await self._asked(lambda: self.keeping(self._names(record.id), arguments)))

    async def find(self, id: str) -> Record:
        """Raises `UnknownResponse`."""
        found = None
        if ID.fullmatch(id):
            found = await self._asked(lambda: self.redis.get(names.record(self.tenant, id)))
        if found is None:
            raise UnknownResponse(id)
        return unpacked(found)

    async def forget(self, id: str) -> None:
        """Deletes it. Raises `UnknownResponse`. What went on from it keeps its own conversation."""
        known = ID.fullmatch(id)
        if not known or not await self._asked(lambda: self.forgetting(self._names(id), [id])):
            raise UnknownResponse(id)

    def _names(self, id: str) -> list[str]:
        tenant = self.tenant
        return [names.record(tenant, id), names.index(tenant), names.held(tenant)]

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self.circuit.ask(question)
        except Away as error:
            raise ResponsesAway from error
