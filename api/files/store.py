"""The files of all tenants: written and read in pieces, kept for a while."""

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis

from api.files.catalogue import Catalogue, Wanted
from api.files.commands import Command, together
from api.files.errors import Full, NoSuch, TooLarge
from api.files.file import File, new_id

MIB = 2**20
PIECE = 256 * 1024  # bytes of an element of the list that holds a file
TOGETHER = 8  # elements that are read at once
UNFINISHED = 3600  # seconds after which what nobody finished writing is dropped
RECORD = 1024  # bytes that a file takes beside its own
MOST = 1000  # files of a tenant
DAY = 86_400.0  # seconds

# Adds an element, unless it is there already: a client asks again if the answer was lost.
# KEYS: the list. ARGV: the element's place, the element, how long the list lives (seconds).
APPEND = """
if redis.call('LLEN', KEYS[1]) == tonumber(ARGV[1]) then redis.call('RPUSH', KEYS[1], ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""

# How Redis is asked for something: whoever can wait asks until it answers.
Ask = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


async def once(question: Callable[[], Awaitable[Any]]) -> Any:
    return await question()


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What files may take."""

    bytes: int = 200 * MIB  # of one file
    tenant_bytes: int = 1024 * MIB  # of all files of a tenant
    seconds: float = 30 * DAY  # that a file is kept


class Draft:
    """A file that is being written. At most a piece of it is in memory."""

    def __init__(self, redis: Redis, most: float) -> None:
        self.content = f"convene:files:content:{secrets.token_hex(16)}"
        self.bytes = 0
        self._append = redis.register_script(APPEND)
        self._most = most
        self._held = bytearray()
        self._pieces = 0

    async def write(self, data: bytes) -> None:
        """Raises `TooLarge` as soon as it is."""
        self.bytes += len(data)
        if self.bytes > self._most:
            raise TooLarge(int(self._most))
        self._held += data
        while len(self._held) >= PIECE:
            await self._push(bytes(self._held[:PIECE]))
            del self._held[:PIECE]

    async def flush(self) -> None:
        """All that was written is in Redis afterwards."""
        if self._held:
            await self._push(bytes(self._held))
            self._held.clear()

    async def _push(self, piece: bytes) -> None:
        await self._append([self.content], [self._pieces, piece, UNFINISHED])
        self._pieces += 1


class Files:
    """Every file. `clock` tells seconds since 1970."""

    def __init__(
        self,
        redis: Redis,
        limits: FileLimits = FileLimits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.catalogue = Catalogue(redis, "files", File)
        self.limits = limits
        self._redis = redis
        self._clock = clock

    @asynccontextmanager
    async def draft(self, most: float = float("inf")) -> AsyncIterator[Draft]:
        """A file to write, of at most so many bytes. If the context fails, nothing stays."""
        draft = Draft(self._redis, most)
        try:
            yield draft
        except BaseException:
            await self._redis.unlink(draft.content)
            raise

    def named(
        self,
        content: str,
        bytes: int,
        tenant: str,
        name: str,
        purpose: str,
        *,
        seconds: float | None = None,
    ) -> File:
        """The record of what a list holds, to be kept with `put`."""
        now, most = self._clock(), self.limits.seconds
        expires = now + min(most, most if seconds is None else seconds)
        return File(new_id(), tenant, name, purpose, bytes, now, expires, content)

    def put(self, file: File) -> list[Command]:
        """What makes it a file that there is."""
        until = int(file.expires) + 1
        return [*self.catalogue.put(file), ("EXPIREAT", file.content, until)]

    def drop(self, file: File) -> list[Command]:
        """What removes it and its bytes."""
        return [*self.catalogue.drop(file), ("UNLINK", file.content)]

    async def keep(self, draft: Draft, file: File) -> None:
        """Raises `Full` if the tenant keeps too much already."""
        held = (await self.catalogue.page(file.tenant, Wanted(MOST))).items
        taken = sum(other.bytes + RECORD for other in held) + file.bytes + RECORD
        if len(held) >= MOST or taken > self.limits.tenant_bytes:
            raise Full(
                f"at most {MOST} files and {self.limits.tenant_bytes} bytes of them are kept; "
                "delete some with DELETE /v1/files/{id}"
            )
        await draft.flush()
        await together(self._redis, self.put(file))

    async def content(self, file: File, ask: Ask = once) -> AsyncGenerator[bytes, None]:
        """The file's bytes, a few pieces at a time. Raises `NoSuch` if they are gone."""
        start = told = 0
        while told < file.bytes:
            last = start + TOGETHER - 1
            pieces = await ask(partial(self._redis.lrange, file.content, start, last))
            if not pieces:
                raise NoSuch("files", file.id)
            start += len(pieces)
            block = b"".join(pieces)[: file.bytes - told]
            told += len(block)
            yield block

    async def delete(self, file: File) -> None:
        await together(self._redis, self.drop(file))
