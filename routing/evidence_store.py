"""Evidence in Redis: what a profiling file said, plus what was learned since.

Keys: `convene:evidence:<digest>` holds the counts of one profiling file, written whole, so
starting twice or in two processes changes nothing. `convene:evidence:learned` is added to.
"""

import json
from collections.abc import Iterable, Mapping

import numpy as np
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
        fields: dict[FieldT, EncodableT] = dict(_fields(evidence).items())
        if fields:
            await self._redis.hset(PREFIX + digest, mapping=fields)

    async def learn(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes seen in service, all or none of them."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            for field, amount in _fields(Evidence.of(outcomes)).items():
                await pipeline.hincrbyfloat(LEARNED, field, amount)  # queued
            await pipeline.execute()

    async def read(self, digest: str) -> Evidence:
        """Everything known: the profiling file's counts and what was learned."""
        published = _counted(await self._redis.hgetall(PREFIX + digest))
        return published + _counted(await self._redis.hgetall(LEARNED))


def _fields(evidence: Evidence) -> dict[str, float]:
    return {
        json.dumps([expert, skill, kind]): float(table[i, j])
        for kind, table in (("wins", evidence.wins), ("losses", evidence.losses))
        for i, expert in enumerate(evidence.experts)
        for j, skill in enumerate(evidence.skills)
        if table[i, j]
    }


def _counted(fields: Mapping[bytes | str, bytes | str]) -> Evidence:
    tables: dict[str, dict[tuple[str, str], float]] = {"wins": {}, "losses": {}}
    for field, amount in fields.items():
        expert, skill, kind = json.loads(field)
        tables[kind][expert, skill] = float(amount)
    pairs = {pair for table in tables.values() for pair in table}
    experts = tuple(sorted({expert for expert, _ in pairs}))
    skills = tuple(sorted({skill for _, skill in pairs}))
    wins, losses = (
        np.array([[tables[kind].get((e, s), 0.0) for s in skills] for e in experts])
        for kind in ("wins", "losses")
    )
    return Evidence(experts, skills, wins, losses) if pairs else Evidence.none(())
