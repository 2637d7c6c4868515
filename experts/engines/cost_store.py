"""Learned costs in Redis, so that a new process begins with what others have seen.

Keys: `convene:costs:<device>:<family>` holds one family's costs on one kind of device as JSON. It
lapses a month after the last that was learned.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from experts.engines.costs import Costs, Happened

logger = logging.getLogger(__name__)

PREFIX = "convene:costs:"
LIFE = 30 * 24 * 3600  # seconds
TRIES = 20  # of a write that others come between
PATIENCE = 2.0  # seconds that Redis has for each load or write
AWAY = (RedisError, TimeoutError, OSError)


class Name(NamedTuple):
    """Whose costs: those of one family on one kind of device."""

    device: str
    family: str

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.device}:{self.family}"


class CostStore:
    """Costs shared by every process on the same Redis. Nothing here fails because Redis does or
    because what it holds cannot be read: costs only make plans better, so it is logged."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def load(self, priors: Mapping[Name, Costs]) -> dict[Name, Costs]:
        """What is known of each; its prior where that is nothing."""
        names = list(priors)
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._redis.mget([name.key for name in names]) if names else []
        except AWAY as error:
            logger.warning("no costs: %s", error, extra={"action": "costs_not_loaded"})
            found = [None] * len(names)
        return {
            name: _read(name, stored, priors[name])
            for name, stored in zip(names, found, strict=True)
        }

    async def learn(self, name: Name, happened: Sequence[Happened], prior: Costs) -> Costs:
        """Adds what has happened since to what is stored by now, and returns all of it.

        Each writes what it saw on top of what the others saw, so nothing is lost and the order
        of processes hardly matters: give each happening to one `learn`, once.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._learn(name, happened, prior)
        except AWAY as error:
            logger.warning("costs not stored: %s", error, extra={"action": "costs_not_stored"})
        return _after(prior, happened)

    async def _learn(self, name: Name, happened: Sequence[Happened], prior: Costs) -> Costs:
        async with self._redis.pipeline(transaction=True) as pipeline:
            for _ in range(TRIES):
                try:
                    await pipeline.watch(name.key)
                    stored = await pipeline.get(name.key)
                    costs = _after(_read(name, stored, prior), happened)
                    pipeline.multi()  # type: ignore[no-untyped-call] # redis types the rest
                    await pipeline.set(name.key, json.dumps(costs.plain()), ex=LIFE)  # queued
                    await pipeline.execute()
                except WatchError:
                    continue  # somebody else has learned meanwhile: on top of that
                return costs
        raise WatchError(f"{TRIES} times somebody else wrote {name.key} first")


def _after(costs: Costs, happened: Sequence[Happened]) -> Costs:
    for each in happened:
        costs = costs.after(each)
    return costs


def _read(name: Name, stored: bytes | str | None, prior: Costs) -> Costs:
    """The stored costs, with the prior's lengths for experts that they do not know."""
    if stored is None:
        return prior
    try:
        costs = Costs.of_plain(json.loads(stored))
    except ValueError as error:
        logger.warning(
            "costs that cannot be read are ignored: %s",
            error,
            extra={"action": "costs_ignored", "key": name.key},
        )
        return prior
    return costs.knowing(prior.lengths)
