"""Evidence in Redis: what a profiling file said, plus what was learned since.

Keys: `convene:evidence:<digest>` holds the counts of one profiling file, written whole, so
starting twice or in two processes changes nothing. `convene:evidence:learned` is added to.
"""

import json
from collections.abc import Iterable, Mapping

from redis.asyncio import Redis
from redis.typing import EncodableT, FieldT

from routing.evidence import Evidence, Outcome

PREFIX = "convene:evidence:"
LEARNED = PREFIX + "learned"


class EvidenceStore:
    """Counts by (expert, skill), shared by every process on the same Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, digest: str, evidence: Evidence) -> None:
        """Store the counts of the profiling file with this digest."""
        fields: dict[FieldT, EncodableT] = {
            json.dumps([expert, skill, kind]): float(table[i, j])
            for kind, table in (("wins", evidence.wins), ("losses", evidence.losses))
            for i, expert in enumerate(evidence.experts)
            for j, skill in enumerate(evidence.skills)
            if table[i, j]
        }
        if fields:
            await self._redis.hset(PREFIX + digest, mapping=fields)

    async def learn(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes seen in service, all or none of them."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            for outcome in outcomes:
                for kind, amount in (("wins", outcome.score), ("losses", 1 - outcome.score)):
                    if amount:
                        field = json.dumps([outcome.expert, outcome.skill, kind])
                        await pipeline.hincrbyfloat(LEARNED, field, amount)  # queued
            await pipeline.execute()

    async def read(self, digest: str) -> Evidence:
        """Everything known: the profiling file's counts and what was learned."""
        published = _counted(await self._redis.hgetall(PREFIX + digest))
        return published + _counted(await self._redis.hgetall(LEARNED))


def _counted(fields: Mapping[bytes | str, bytes | str]) -> Evidence:
    tables: dict[str, dict[tuple[str, str], float]] = {"wins": {}, "losses": {}}
    for field, amount in fields.items():
        expert, skill, kind = json.loads(field)
        tables[kind][expert, skill] = float(amount)
    pairs = {pair for table in tables.values() for pair in table}
    empty = Evidence.of(Outcome(expert, skill, 1.0) for expert, skill in pairs)
    wins, losses = empty.wins * 0, empty.losses * 0
    for kind, target in (("wins", wins), ("losses", losses)):
        for (expert, skill), count in tables[kind].items():
            target[empty.experts.index(expert), empty.skills.index(skill)] = count
    return Evidence(empty.experts, empty.skills, wins, losses)
