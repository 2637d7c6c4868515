"""The batches of all tenants in Redis: their records, their results, and which are due."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from api.batches import names, scripts
from api.batches.batch import KEPT, WINDOW, Batch, Status
from api.batches.lease import Lease
from api.batches.line import Result
from api.batches.progress import Counts
from api.files.catalogue import Catalogue
from api.files.commands import Command, ask, together
from api.files.errors import Full, NotNow

OPEN_OF_A_TENANT = 100  # batches
TOGETHER = 100  # errors that are read at once
LOOKED_AT = 200  # batches that are due, of which a worker chooses


@dataclass(frozen=True, slots=True)
class Done:
    """Which lines have a result."""

    bits: bytes

    def __contains__(self, line: int) -> bool:
        place, bit = divmod(line, 8)
        return place < len(self.bits) and bool(self.bits[place] & (0x80 >> bit))

    @property
    def count(self) -> int:
        return int.from_bytes(self.bits, "big").bit_count()


class Batches:
    """Every batch. `clock` tells seconds since 1970."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self.catalogue = Catalogue(redis, "batches", Batch)
        self.clock = clock
        self._redis = redis
        self._record = redis.register_script(scripts.RECORD)
        self._reopen = redis.register_script(scripts.REOPEN)

    async def add(self, batch: Batch) -> None:
        """Raises `Full` if the tenant has as many open ones as it may."""
        if await self._redis.scard(names.open_of(batch.tenant)) >= OPEN_OF_A_TENANT:
            raise Full(f"{OPEN_OF_A_TENANT} batches are open; wait for one to end or cancel it")
        queued = _queued(batch, batch.created)
        await together(self._redis, [*self.catalogue.put(batch), *queued])

    async def change(
        self,
        id: str,
        changed: Callable[[Batch], Batch],
        *,
        due: float | None = None,
        also: Sequence[Command] = (),
        lease: Lease | None = None,
    ) -> Batch:
        """Changes a record; an open batch is due then, or when it was. With a lease only who has
        it can: else `LeaseLost`."""
        unless = lease.watched if lease else None
        return await self.catalogue.change(
            id, changed, lambda batch: [*_queued(batch, due), *also], unless
        )

    async def due(self) -> list[Batch]:
        """Open batches that are due, longest first. Those whose records are gone are dropped."""
        found = await ask(
            self._redis, "ZRANGEBYSCORE", names.QUEUE, "-inf", self.clock(), "LIMIT", 0, LOOKED_AT
        )
        ids = [member.decode() for member in found]
        there = await self.catalogue.look_at(ids)
        if gone := set(ids) - {batch.id for batch in there}:
            await self._redis.zrem(names.QUEUE, *gone)
        return there

    def lease(self, id: str) -> Lease:
        """A claim to a batch, to be taken."""
        return Lease(self._redis, id)

    async def put_off(self, id: str, until: float) -> None:
        """Until then nobody takes it up, unless it is cancelled, be it a moment ago."""
        await self._redis.zadd(names.QUEUE, {id: until}, xx=True)
        batch = await self.catalogue.look(id)
        if batch is not None and batch.status is Status.CANCELLING:
            await self._redis.zadd(names.QUEUE, {id: 0.0}, xx=True)

    async def leased(self, ids: list[str]) -> set[str]:
        """Those of these that some worker has."""
        owners = await self._redis.mget([names.lease(id) for id in ids]) if ids else []
        return {id for id, owner in zip(ids, owners, strict=True) if owner is not None}

    async def record(self, batch: Batch, lease: Lease, line: int, result: Result) -> bool:
        """Keeps a line's result; False if it has one. Raises `LeaseLost`."""
        while True:
            recorded = await self._record(
                _results(batch.id),
                [
                    *(
                        lease.owner,
                        line,
                        int(result.failed),
                        result.text + "\n",
                        int(batch.expires),
                    ),
                    *_counted(result),
                ],
            )
            if recorded >= 0:
                return bool(recorded)
            await lease.hold()  # it may merely have lapsed, while Redis was away

    async def reopen(self, id: str) -> int:
        """Lines that failed may be asked again; how many results are left. Raises `NotNow`."""
        left = int(await self._reopen(_results(id)))
        if left == -1:
            raise NotNow("a worker is still at the batch; try again in a few seconds")
        if left == -2:
            raise NotNow("the batch's results were deleted; make a new batch")
        return left

    async def done(self, id: str) -> Done:
        return Done(await ask(self._redis, "GET", names.done(id)) or b"")

    async def counts(self, id: str) -> Counts:
        fields: dict[bytes, bytes] = await ask(self._redis, "HGETALL", names.counts(id))
        return Counts.of({name.decode(): int(n) for name, n in fields.items()})

    async def errors(self, id: str) -> AsyncGenerator[bytes, None]:
        """The results of lines that failed, by number."""
        lines = sorted(map(int, await self._redis.hkeys(names.errors(id))))
        for start in range(0, len(lines), TOGETHER):
            window = lines[start : start + TOGETHER]
            for text in await ask(self._redis, "HMGET", names.errors(id), *window):
                yield text


def _queued(batch: Batch, due: float | None) -> list[Command]:
    """An open batch is in the queue, one that has ended is not."""
    opened = names.open_of(batch.tenant)
    if not batch.status.open:
        return [
            ("ZREM", names.QUEUE, batch.id),
            ("SREM", opened, batch.id),
            ("EXPIREAT", names.errors(batch.id), int(batch.expires)),
        ]
    when: Command = ("NX", 0, batch.id) if due is None else (due, batch.id)
    return [
        ("ZADD", names.QUEUE, *when),
        ("SADD", opened, batch.id),
        ("EXPIRE", opened, int(WINDOW + KEPT)),
    ]


def _results(id: str) -> list[str]:
    return [names.lease(id), names.done(id), names.output(id), names.errors(id), names.counts(id)]


def _counted(result: Result) -> list[str | int]:
    counted = {
        "failed" if result.failed else "completed": 1,
        "bytes": 0 if result.failed else len(result.text.encode()) + 1,
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": result.completion_tokens,
        **{f"expert:{name}": calls for name, calls in result.experts.items()},
    }
    return [part for pair in counted.items() if pair[1] for part in pair]
