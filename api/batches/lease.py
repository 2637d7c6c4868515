"""Whose turn it is to work on a batch: one worker's, until its lease is given back or lapses."""

import secrets

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from api.batches import names, scripts

SECONDS = 10.0  # after which a worker that died is followed by another


class LeaseLost(Exception):  # noqa: N818 - named for the state it reports
    """Another worker has the batch: whatever this one still does counts for nothing."""


class Lease:
    """One worker's claim to one batch, by a name that no other has."""

    def __init__(self, redis: Redis, batch: str, seconds: float = SECONDS) -> None:
        self.batch = batch
        self.owner = secrets.token_hex(16)
        self._name = names.lease(batch)
        self._milliseconds = int(seconds * 1000)
        self._take = redis.register_script(scripts.TAKE)
        self._release = redis.register_script(scripts.RELEASE)

    async def take(self) -> bool:
        """Takes it or holds on to it, also where it had lapsed; False if another has it."""
        return bool(await self._take([self._name], [self.owner, self._milliseconds]))

    async def hold(self) -> None:
        """Holds on to it. Raises `LeaseLost`."""
        if not await self.take():
            raise LeaseLost(f"another worker has {self.batch}")

    async def release(self) -> None:
        await self._release([self._name], [self.owner])

    async def watched(self, pipeline: Pipeline) -> None:
        """Makes a transaction fail if the lease changes hands before it. Raises `LeaseLost`."""
        await pipeline.watch(self._name)
        owner = await pipeline.get(self._name)
        if owner != self.owner.encode():
            raise LeaseLost(f"another worker may have {self.batch}")
