"""Where answers are kept: in Redis, for a while, so many of each tenant's."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from redis.asyncio import Redis

from api.answer_cache.naming import SECRET, Naming, complete, repeatable
from api.answer_cache.writing import read, written
from api.redis_circuit import Away, RedisCircuit
from orchestrator.types import Request, Verdict

PATIENCE = 0.25  # seconds that Redis has: to ask anew costs more, to wait for long is no gain
LARGEST = 256 * 1024  # bytes of one answer; what is larger is not kept

# KEYS: answer, index. ARGV: the answer, now, when it is over, most of a tenant, how long it is
# kept; times in milliseconds.
KEEP = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #oldest, 2 do redis.call('DEL', oldest[i]) end
end
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an answer is kept, and how many of each tenant's."""

    seconds: float
    most: int


class Shelf:
    """The answers that are kept. Where Redis does not answer there are none, and none are kept.
    `clock` tells seconds since 1970."""

    def __init__(
        self,
        redis: Redis,
        naming: Naming,
        bounds: Bounds,
        clock: Callable[[], float] = time.time,
        circuit: RedisCircuit | None = None,
    ) -> None:
        self._redis = redis
        self._keep = redis.register_script(KEEP)
        self._naming = naming
        self._bounds = bounds
        self._clock = clock
        self._circuit = circuit or RedisCircuit("answers", patience=PATIENCE)

    async def find(self, request: Request) -> Verdict | None:
        if not repeatable(request):
            return None
        name = self._naming.answer(request)
        try:
            kept = await self._circuit.ask(lambda: self._redis.get(name))
        except Away:
            return None
        return read(kept, self._clock()) if kept else None

    async def keep(self, request: Request, verdict: Verdict) -> None:
        if not (repeatable(request) and complete(verdict)):
            return
        text = written(verdict, self._clock())
        if len(text) > LARGEST:
            return
        keys = [self._naming.answer(request), self._naming.index(request.tenant)]
        now, lasts = int(1000 * self._clock()), int(1000 * self._bounds.seconds)
        arguments: list[bytes | int] = [text, now, now + lasts, self._bounds.most, lasts]
        try:
            await self._circuit.ask(lambda: self._keep(keys, arguments))
        except Away:
            return


async def secret_of(redis: Redis) -> bytes:
    """The deployment's, made by whoever needs it first."""
    await redis.set(SECRET, secrets.token_hex(32), nx=True)
    kept = await redis.get(SECRET)
    assert isinstance(kept, bytes), "it was set a moment ago"
    return kept
