"""Posted experts in Redis, so that every worker and every restart has them.

`convene:experts:posted` is a hash of cards by name, `convene:experts:version` grows with every
change. Keys of hosted models are in the cards as they were posted.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis

from api.redis_circuit import Away, RedisCircuit
from api.roster.errors import BadCard, RosterAway, Taken
from api.roster.posted import Posted, packed, unpacked

T = TypeVar("T")
POSTED, VERSION = "convene:experts:posted", "convene:experts:version"
MOST = 1000  # posted experts
PATIENCE = 2.0  # seconds that Redis has for one answer

# KEYS: posted, version. ARGV: name, card, most. Returns 1, 0 where the name is taken, -1 if full.
ADD = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('INCR', KEYS[2])
return 1
"""
# KEYS: as above. ARGV: name. Returns 0 where there is none.
REMOVE = """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('INCR', KEYS[2])
return 1
"""


class RosterStore:
    """All that was posted, shared by every process on the same Redis. Every call raises
    `RosterAway` where that does not answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._add = redis.register_script(ADD)
        self._remove = redis.register_script(REMOVE)
        self._circuit = RedisCircuit("experts", patience=PATIENCE)

    async def add(self, posted: Posted) -> None:
        """Raises `Taken`, or `BadCard` where there are too many."""
        arguments: list[str | int] = [posted.name, packed(posted), MOST]
        added = await self._asked(lambda: self._add([POSTED, VERSION], arguments))
        if added == 0:
            raise Taken(posted.name)
        if added < 0:
            raise BadCard("name", f"{MOST} experts were posted, and that is the limit")

    async def remove(self, name: str) -> bool:
        """False where there was none."""
        return bool(await self._asked(lambda: self._remove([POSTED, VERSION], [name])))

    async def all(self) -> list[Posted]:
        """The oldest first."""
        found = await self._asked(lambda: self._redis.hgetall(POSTED))
        named = ((n.decode() if isinstance(n, bytes) else n, text) for n, text in found.items())
        return sorted((unpacked(*each) for each in named), key=lambda posted: posted.at)

    async def version(self) -> int:
        return int(await self._asked(lambda: self._redis.get(VERSION)) or 0)

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._circuit.ask(question)
        except Away as error:
            raise RosterAway from error
