"""Turns cards into experts. The only module that knows every kind."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from experts.base import Expert
from experts.cards import Card, Cluster, Registry

# Named, not imported: Ray and vLLM load only when a card asks for them.
OPENERS = {
    "vllm": "experts.engines.expert:opened",
    "hosted": "experts.hosted.expert:opened",
    "recorded": "experts.recorded:opened",
    "scripted": "experts.scripted:opened",
}
Opener = Callable[
    [Mapping[str, Any], Cluster, Redis | None], AbstractAsyncContextManager[Mapping[str, Expert]]
]


@asynccontextmanager
async def opened(
    registry: Registry, redis: Redis | None = None
) -> AsyncIterator[dict[str, Expert]]:
    """Every expert of the registry, by name, until the context ends. What kinds of experts learn
    of themselves they keep in `redis`.

    Cards of one kind are opened together, because they may share engines or connections.
    """
    groups: dict[str, dict[str, Card]] = {}
    for name, card in registry.experts.items():
        groups.setdefault(card.kind, {})[name] = card
    async with AsyncExitStack() as stack:
        experts: dict[str, Expert] = {}
        for kind, cards in groups.items():
            # Some take seconds to import, and others may be being answered meanwhile.
            opener = await asyncio.to_thread(_imported, OPENERS[kind])
            experts.update(await stack.enter_async_context(opener(cards, registry.cluster, redis)))
        yield {name: experts[name] for name in registry.experts}


def _imported(path: str) -> Opener:
    module, _, attribute = path.partition(":")
    opener: Opener = getattr(importlib.import_module(module), attribute)
    return opener
