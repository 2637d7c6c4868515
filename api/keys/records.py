"""Keys in Redis: made, found, changed. Looked up by id alone, never by anything secret."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import WatchError

from api.keys import names
from api.keys.errors import NameTaken, UnknownKey
from api.keys.key import Key, packed, unpacked
from api.keys.line import Line

FRESH = 1.0  # seconds that a key is not asked for again, while Redis tells of changes
REMEMBERED = 10_000  # keys
ATTEMPTS = 5  # at a change that others get in between


class Records:
    """All keys, shared by every process on the same Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._line = Line(redis, self._forget)
        self._changes = 0
        self._fresh: dict[str, float] = {}  # by id: until when, by the event loop's clock
        self._read: dict[str, tuple[Any, Key]] = {}  # by id: as it was kept, and what that says

    async def add(self, key: Key) -> None:
        """Keeps a new key. Raises `NameTaken` if another of its name is not revoked."""
        if any(other.name == key.name and other.revoked is None for other in await self.all()):
            raise NameTaken(key.name)
        async with self._redis.pipeline(transaction=True) as pipeline:
            await pipeline.set(names.record(key.id), packed(key))  # queued
            await pipeline.sadd(names.INDEX, key.id)  # queued
            await pipeline.execute()

    async def find(self, id: str) -> Key | None:
        """The same object for as long as the key is not changed. Redis says when one is, and is
        asked again after a second, in case it no longer can."""
        if (fresh := self.fresh(id)) is not None:
            return fresh
        now = asyncio.get_running_loop().time()
        changes = self._changes
        kept = await self._line.ask("GET", names.record(id))
        if kept is None:
            self._read.pop(id, None)
            return None
        known = self._read.get(id)
        if known is None or known[0] != kept:
            if len(self._read) >= REMEMBERED:
                self._read.clear()
                self._fresh.clear()
            known = self._read[id] = (kept, unpacked(kept))
        if self._line.told and changes == self._changes:
            self._fresh[id] = now + FRESH
        return known[1]

    def fresh(self, id: str) -> Key | None:
        """The key, where Redis need not be asked."""
        until = self._fresh.get(id)
        if until is None or asyncio.get_running_loop().time() >= until:
            return None
        return self._read[id][1]

    def _forget(self) -> None:
        self._changes += 1
        self._fresh.clear()

    async def all(self) -> Sequence[Key]:
        """Every key, the oldest first, revoked ones too."""
        members = await self._redis.smembers(names.INDEX)
        ids = [id.decode() if isinstance(id, bytes) else str(id) for id in members]
        found = await self._redis.mget([names.record(id) for id in ids]) if ids else []
        return sorted((unpacked(text) for text in found if text), key=lambda key: key.created)

    async def any(self) -> bool:
        """Whether there ever was a key."""
        return bool(await self._redis.exists(names.INDEX))

    async def named(self, name: str) -> Key:
        """The key with this id or this name; of several of a name the one that is not revoked.
        Raises `UnknownKey`."""
        keys = await self.all()
        ours = [key for key in keys if name in (key.id, key.name)]
        if not ours:
            raise UnknownKey(f"no key has the id or name {name!r}; see `convene keys list`")
        return min(ours, key=lambda key: (key.id != name, key.revoked is not None, -key.created))

    async def change(self, id: str, changed: Callable[[Key], Key]) -> Key:
        """Replaces a key by what it is changed to, however many change it at once."""
        name = names.record(id)
        for _ in range(ATTEMPTS):
            async with self._redis.pipeline(transaction=True) as pipeline:
                await pipeline.watch(name)
                found = await pipeline.get(name)
                if found is None:
                    raise UnknownKey(f"no key has the id {id!r}; see `convene keys list`")
                key = changed(unpacked(found))
                pipeline.multi()  # type: ignore[no-untyped-call]
                await pipeline.set(name, packed(key))  # queued
                try:
                    await pipeline.execute()
                except WatchError:
                    continue
                return key
        raise UnknownKey(f"key {id} is being changed by others all the time; try again")
