"""A batch's progress as server-sent events."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from api import wire
from api.batches.progress import document, news
from api.batches.store import Batches

LOOK = 1.0  # seconds between looks
logger = logging.getLogger(__name__)


async def events(batches: Batches, id: str, look: float = LOOK) -> AsyncIterator[bytes]:
    """An event at each change, as soon as it is seen, and `[DONE]` after the one that tells how the
    batch ended. A comment at each look without news: whoever sends it sees if anybody listens."""
    told: dict[str, Any] = {}
    while True:
        try:
            batch, counts = await batches.catalogue.look(id), await batches.counts(id)
        except RedisError as error:
            logger.debug("a batch is not seen: %s", error, extra={"action": "batch_waits"})
            yield wire.comment("waiting for redis...")
        else:
            if batch is None:
                break
            seen = document(batch, counts)
            if seen == told:
                yield wire.comment("working...")
            else:
                told = seen
                yield wire.data(news(batch, counts, batches.clock()))
            if not batch.status.open:
                break
        await asyncio.sleep(look)
    yield wire.DONE
