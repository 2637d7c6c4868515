"""Records in Redis that belong to tenants: found by id, listed in pages, gone when they expire."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import WatchError

from api.files.commands import Command, ask, execute
from api.files.errors import NoSuch, NotNow

ATTEMPTS = 20  # at a change that others get in between
WINDOW = 100  # records that are looked at together


class Kept(Protocol):
    """What a catalogue keeps."""

    @property
    def id(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def created(self) -> float: ...
    @property
    def expires(self) -> float: ...
    def packed(self) -> dict[str, Any]: ...
    @classmethod
    def unpacked(cls, fields: dict[str, Any]) -> Self: ...


Item = TypeVar("Item", bound=Kept)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a tenant's records, in order, and whether there are more after them."""

    items: Sequence[Item]
    more: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a list."""

    limit: int = 20
    after: str | None = None  # an id; none: from the start
    newest_first: bool = True


class Catalogue(Generic[Item]):
    """The records of one kind. `kind` is what names and messages call it."""

    def __init__(self, redis: Redis, kind: str, of: type[Item]) -> None:
        self._redis = redis
        self._kind = kind
        self._of = of

    def put(self, item: Item) -> list[Command]:
        """What keeps a record, be it new or changed."""
        until = int(item.expires) + 1
        return [
            ("SET", self._name(item.id), json.dumps(item.packed()), "EXAT", until),
            ("ZADD", self._index(item.tenant), item.created, item.id),
        ]

    def drop(self, item: Item) -> list[Command]:
        """What removes a record."""
        return [("DEL", self._name(item.id)), ("ZREM", self._index(item.tenant), item.id)]

    async def find(self, id: str, tenant: str) -> Item:
        """Raises `NoSuch`, also for what is another tenant's."""
        item = await self.look(id)
        if item is None or item.tenant != tenant:
            raise NoSuch(self._kind, id)
        return item

    async def look(self, id: str) -> Item | None:
        """Whoever it belongs to."""
        return self._read(await self._redis.get(self._name(id)))

    async def look_at(self, ids: Sequence[str]) -> list[Item]:
        """Those of these that there are."""
        texts = await self._redis.mget([self._name(id) for id in ids]) if ids else []
        return [item for text in texts if (item := self._read(text)) is not None]

    async def page(
        self, tenant: str, wanted: Wanted, fits: Callable[[Item], bool] = lambda _: True
    ) -> Page[Item]:
        """A tenant's records that fit. Raises `NoSuch` if `after` is none of them."""
        index, start = self._index(tenant), 0
        if wanted.after is not None:
            rank = "ZREVRANK" if wanted.newest_first else "ZRANK"
            found = await ask(self._redis, rank, index, wanted.after)
            if found is None:
                raise NoSuch(self._kind, wanted.after)
            start = found + 1
        items: list[Item] = []
        while len(items) <= wanted.limit:
            last = start + WINDOW - 1
            members = await self._redis.zrange(index, start, last, desc=wanted.newest_first)
            ids = [_text(member) for member in members]
            there = {item.id: item for item in await self.look_at(ids)}
            if gone := [id for id in ids if id not in there]:
                await self._redis.zrem(index, *gone)  # they have expired
            items += [item for item in there.values() if fits(item)]
            start += len(there)
            if len(members) < WINDOW:
                break
        return Page(items[: wanted.limit], len(items) > wanted.limit)

    async def change(
        self,
        id: str,
        changed: Callable[[Item], Item],
        also: Callable[[Item], Sequence[Command]] = lambda _: (),
        unless: Callable[[Pipeline], Awaitable[None]] | None = None,
    ) -> Item:
        """Replaces a record, and does what else `also` says, as one step however many change it at
        once. `unless` may watch more, and raise. Raises what `changed` raises, or `NoSuch`."""
        for _ in range(ATTEMPTS):
            async with self._redis.pipeline(transaction=True) as pipeline:
                await pipeline.watch(self._name(id))
                if unless is not None:
                    await unless(pipeline)
                item = self._read(await pipeline.get(self._name(id)))
                if item is None:
                    raise NoSuch(self._kind, id)
                new = changed(item)
                pipeline.multi()  # type: ignore[no-untyped-call]
                try:
                    await execute(pipeline, [*self.put(new), *also(new)])
                except WatchError:
                    continue
                return new
        raise NotNow(f"{self._kind} {id} is being changed by others all the time; try again")

    def _read(self, text: Any) -> Item | None:
        return None if text is None else self._of.unpacked(json.loads(text))

    def _name(self, id: str) -> str:
        return f"convene:{self._kind}:{{{id}}}:record"

    def _index(self, tenant: str) -> str:
        return f"convene:{self._kind}:of:{tenant}"


def _text(member: Any) -> str:
    return member.decode() if isinstance(member, bytes) else str(member)
