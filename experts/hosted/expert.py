"""Models behind somebody's HTTP API."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

import aiohttp
from redis.asyncio import Redis
from yarl import URL

from experts.base import Expert
from experts.cards import Cluster, HostedCard
from experts.errors import BackendUnavailable, RegistryError
from experts.hosted.litellm_backend import LiteLLMBackend
from experts.hosted.openai_backend import OpenAIBackend, session
from experts.hosted.retrying import Backend, RetryingBackend
from experts.replying import ask_each
from experts.types import Chunk, Prompt, Reply

MOST_WAITING = 10_000  # prompts per expert that have no slot yet


class Slots:
    """A bounded number of calls at once. Each has a deadline and no more than `most` wait for
    their turn, so the wait is bounded too."""

    def __init__(self, calls: int, most: int = MOST_WAITING) -> None:
        self._calls = asyncio.Semaphore(calls)
        self._most = most
        self._waiting = 0

    async def __aenter__(self) -> None:
        if self._waiting >= self._most:
            raise BackendUnavailable(f"{self._most} prompts wait for this expert; ask again later")
        self._waiting += 1
        try:
            await self._calls.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._calls.release()


class HostedExpert:
    """A backend with a bound on its calls. A reply's deadline starts when it has its slot, so
    that the last of a large group has as much time as the first."""

    def __init__(self, name: str, backend: Backend, concurrency: int) -> None:
        self.name = name
        self._backend = backend
        self._slots = Slots(concurrency)

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        return await ask_each(self.name, prompts, self._backend.reply, self._slots)

    async def stream(self, prompt: Prompt) -> AsyncIterator[Chunk]:
        async with self._slots, aclosing(self._backend.stream(prompt)) as chunks:
            async for chunk in chunks:
                yield chunk


@asynccontextmanager
async def opened(
    cards: Mapping[str, HostedCard], cluster: Cluster, redis: Redis | None = None
) -> AsyncIterator[dict[str, Expert]]:
    """Connections are shared by all cards; those without `base_url` go through LiteLLM."""
    for name, card in cards.items():
        _check(name, card)
    async with session() as shared:
        yield {
            name: HostedExpert(name, _backend(name, card, shared), card.concurrency)
            for name, card in cards.items()
        }


def _backend(name: str, card: HostedCard, shared: aiohttp.ClientSession) -> Backend:
    direct = card.base_url is not None
    backend = OpenAIBackend(name, card, shared) if direct else LiteLLMBackend(name, card)
    return RetryingBackend(backend, card.seconds)


def _check(name: str, card: HostedCard) -> None:
    url = URL(card.base_url or "https://without")
    if not url.host:
        raise RegistryError(f"experts.{name}.base_url: has no host; write https://HOST/v1")
    if url.user is not None or url.password is not None:
        raise RegistryError(f"experts.{name}.base_url: names a user; write the key under api_key")
    key = card.api_key.get_secret_value().strip() if card.api_key else ""
    if not (key.isascii() and (key.isprintable() or not key)):
        raise RegistryError(
            f"experts.{name}.api_key: holds characters that no key has; check the variable"
        )
