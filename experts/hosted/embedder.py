"""An embedding model behind somebody's HTTP API, called as hosted experts are."""

import asyncio

import aiohttp

from experts.embedders import HostedEmbedderCard
from experts.errors import CircuitOpen
from experts.hosted.access import check
from experts.hosted.breaking import Breaker
from experts.hosted.embedding_wire import Embedded, Inputs, embedded, request
from experts.hosted.openai_backend import Endpoint, body_of
from experts.hosted.openai_wire import error_payload
from experts.hosted.retrying import Deadlines, Retries, Retrying
from experts.hosted.slots import Slots
from experts.types import Priority

LONGEST_VECTORS = 64 << 20  # bytes of one reply


class HostedEmbedder:
    """Bounded in calls at once and in time; left alone while it keeps failing. Raises
    `RegistryError` for a card that cannot be used."""

    def __init__(
        self,
        name: str,
        card: HostedEmbedderCard,
        session: aiohttp.ClientSession,
        retries: Retries | None = None,
    ) -> None:
        check(f"embedders.{name}", card.base_url, card.api_key)
        self._card = card
        self._endpoint = Endpoint(f"{card.base_url.rstrip('/')}/embeddings", card.api_key, session)
        self._breaker = Breaker(name)
        self._calls = Retrying(Deadlines(card.seconds), retries, self._breaker)
        self._slots = Slots(card.concurrency, longest=card.seconds)

    async def embed(self, inputs: Inputs, dimensions: int | None = None) -> Embedded:
        """A vector for each input, in order. Raises `ExpertError`."""
        if wait := self._breaker.wait:
            raise CircuitOpen(wait)
        async with self._slots.turn(Priority.INTERACTIVE):
            return await self._calls.made(lambda: self._called(inputs, dimensions))

    async def _called(self, inputs: Inputs, dimensions: int | None) -> Embedded:
        async with self._endpoint.called(request(self._card, inputs, dimensions)) as response:
            body = await body_of(response, LONGEST_VECTORS)
            # Vectors are long, and others are being answered meanwhile.
            return await asyncio.to_thread(_read, body, len(inputs))


def _read(body: bytes, count: int) -> Embedded:
    return embedded(error_payload(body), count)
