"""Feedback in Redis: what a request was, what was said of it, and what that adds up to by tenant.

Keys, of one tenant (T, quoted), all written by the scripts below:
`convene:feedback:{T}:asked:<name>`  what it takes to credit a request's experts; expires
`convene:feedback:{T}:given:<name>`  what its feedback counted, to be taken back; expires with it
`convene:feedback:{T}:names`         the names of requests by when they expire: bounds their number
`convene:feedback:{T}:counts`        the sums, in millionths of an outcome: whole numbers, so that
                                     neither order nor repetition changes them
and of all: `convene:feedback:version`, and `convene:feedback:changed`, each tenant by the version
at which it changed last.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from redis.asyncio import Redis

from routing.evidence import Evidence, Outcome

PREFIX = "convene:feedback:"
VERSION, CHANGED = PREFIX + "version", PREFIX + "changed"
MILLIONTHS = 1_000_000
Amounts = Mapping[tuple[str, str, str], int]  # expert, skill, wins or losses -> millionths

# KEYS: the names, then requests. ARGV: the time and when they expire (milliseconds since 1970), the
# most that are kept, the prefix of requests, then for each its name and what is kept.
REMEMBER = """
for i = 2, #KEYS do
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[2 * i + 1])
  redis.call('SET', KEYS[i], ARGV[2 * i + 2], 'PXAT', ARGV[2])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[1], over)
  for i = 1, #gone, 2 do redis.call('DEL', ARGV[4] .. gone[i]) end
end
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
"""

# KEYS: the request, what its feedback counted, the tenant's counts, version, changed. ARGV: the
# tenant, then pairs of a field and its amount. Returns 0 where the request is not known (any more).
GIVE = """
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return 0 end
local function count(field, amount)
  if redis.call('HINCRBY', KEYS[3], field, amount) == 0 then redis.call('HDEL', KEYS[3], field) end
end
local before = redis.call('HGETALL', KEYS[2])
for i = 1, #before, 2 do count(before[i], 0 - tonumber(before[i + 1])) end
redis.call('DEL', KEYS[2])
for i = 2, #ARGV, 2 do
  count(ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[2], left)
redis.call('ZADD', KEYS[5], redis.call('INCR', KEYS[4]), ARGV[1])
return 1
"""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A request that feedback may be given on. Its name tells nothing of its id."""

    tenant: str
    name: str
    kept: str


class FeedbackStore:
    """All tenants' feedback, shared by every process on the same Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._give = redis.register_script(GIVE)

    async def remember(
        self, requests: Sequence[Remembered], now: float, seconds: float, most: int
    ) -> None:
        """Keeps them for so long, of each tenant at most so many, the newest."""
        start, end = int(now * 1000), int((now + seconds) * 1000)
        by_tenant: dict[str, list[Remembered]] = {}
        for each in requests:
            by_tenant.setdefault(each.tenant, []).append(each)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for tenant, theirs in by_tenant.items():
                prefix = _key(tenant, "asked:")
                keys = [_key(tenant, "names"), *(prefix + each.name for each in theirs)]
                said = [text for each in theirs for text in (each.name, each.kept)]
                # By its text: the client would ask first, each time, if Redis knows it by name.
                await pipeline.eval(
                    REMEMBER, len(keys), *keys, start, end, most, prefix, *said
                )  # queued
            await pipeline.execute()

    async def recall(self, tenant: str, name: str) -> str | None:
        """What was kept of a tenant's request; None where it has none of this name."""
        kept = await self._redis.get(_key(tenant, f"asked:{name}"))
        return kept.decode() if isinstance(kept, bytes) else kept

    async def give(self, tenant: str, name: str, amounts: Amounts) -> bool:
        """Counts these for a request, in place of what was counted for it before, as one step.
        False where the request is not known any more."""
        keys = [_key(tenant, f"asked:{name}"), _key(tenant, f"given:{name}")]
        fields: list[str | int] = [tenant]
        for field, amount in amounts.items():
            fields += [json.dumps(field), amount]
        return bool(await self._give([*keys, _key(tenant, "counts"), VERSION, CHANGED], fields))

    async def version(self) -> int:
        """Grows with every feedback."""
        return int(await self._redis.get(VERSION) or 0)

    async def changed(self, since: int) -> list[str]:
        """The tenants whose counts changed after a version."""
        found = await self._redis.zrangebyscore(CHANGED, f"({since}", "+inf")
        return [tenant.decode() if isinstance(tenant, bytes) else str(tenant) for tenant in found]

    async def counts(self, tenants: Iterable[str]) -> dict[str, Evidence]:
        """All that each tenant's feedback adds up to."""
        listed = list(tenants)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for tenant in listed:
                await pipeline.hgetall(_key(tenant, "counts"))  # queued
            found = await pipeline.execute()
        return {tenant: _evidence(fields) for tenant, fields in zip(listed, found, strict=True)}


def _key(tenant: str, part: str) -> str:
    return f"{PREFIX}{{{quote(tenant, safe='')}}}:{part}"


def _evidence(fields: Mapping[bytes | str, bytes | str]) -> Evidence:
    """Every outcome is whole here, however many there are: right ones and wrong ones apart."""
    table = {tuple(json.loads(field)): int(amount) / MILLIONTHS for field, amount in fields.items()}
    pairs = sorted({(expert, skill) for expert, skill, _ in table})
    counted = Evidence.of([Outcome(expert, skill, 0.0) for expert, skill in pairs])
    for kind, counts in (("wins", counted.wins), ("losses", counted.losses)):
        for i, expert in enumerate(counted.experts):
            for j, skill in enumerate(counted.skills):
                counts[i, j] = max(table.get((expert, skill, kind), 0.0), 0.0)
    return counted
