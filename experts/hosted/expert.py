"""Models behind somebody's HTTP API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

import aiohttp
from redis.asyncio import Redis

from experts.base import Expert
from experts.cards import Cluster, HostedCard
from experts.circuit import State
from experts.errors import CircuitOpen
from experts.hosted.access import check
from experts.hosted.breaking import Breaker
from experts.hosted.hedging import HedgingBackend
from experts.hosted.litellm_backend import LiteLLMBackend
from experts.hosted.openai_backend import OpenAIBackend, session
from experts.hosted.retrying import Backend, Deadlines, RetryingBackend
from experts.hosted.slots import Slots
from experts.replying import ask_each
from experts.types import Ability, Chunk, Priority, Prompt, Reply


class HostedExpert:
    """A backend with a bound on its calls. A reply's deadline starts when it has its slot, so
    that the last of a large group has as much time as the first."""

    def __init__(
        self,
        name: str,
        backend: Backend,
        slots: Slots,
        breaker: Breaker,
        abilities: frozenset[Ability] = frozenset(),
    ) -> None:
        self.name = name
        self.abilities = abilities
        self._backend = backend
        self._slots = slots
        self._breaker = breaker

    @property
    def circuit(self) -> State:
        return self._breaker.state

    @property
    def wait(self) -> float:
        """Seconds until a call that came now would have a slot, as far as is known."""
        return self._slots.wait()

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        return await ask_each(self.name, prompts, self._backend.reply, self._turn)

    async def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        async with (
            self._turn(prompt.priority),
            aclosing(self._backend.stream(prompt)) as stream,
        ):
            async for chunks in stream:
                yield chunks

    def _turn(self, priority: Priority) -> AbstractAsyncContextManager[None]:
        """A slot. People are told before they stand in line, where a file's questions may wait,
        that the expert is left alone."""
        if priority is Priority.INTERACTIVE and (wait := self._breaker.wait):
            raise CircuitOpen(wait)
        return self._slots.turn(priority)


@asynccontextmanager
async def opened(
    cards: Mapping[str, HostedCard], cluster: Cluster, redis: Redis | None = None
) -> AsyncIterator[dict[str, Expert]]:
    """Connections are shared by all cards; those without `base_url` go through LiteLLM."""
    for name, card in cards.items():
        check(f"experts.{name}", card.base_url, card.api_key)
    async with session() as shared:
        yield {name: _expert(name, card, shared) for name, card in cards.items()}


def _expert(name: str, card: HostedCard, shared: aiohttp.ClientSession) -> HostedExpert:
    direct = card.base_url is not None
    backend: Backend = OpenAIBackend(name, card, shared) if direct else LiteLLMBackend(name, card)
    if card.hedge is not None:
        backend = HedgingBackend(backend, card.hedge.after, card.hedge.share)
    timeouts, breaker = card.timeouts, Breaker(name)
    deadlines = Deadlines(card.seconds, timeouts.first_token, timeouts.idle)
    retrying = RetryingBackend(backend, deadlines, breaker=breaker)
    slots = Slots(card.concurrency, longest=card.seconds)
    return HostedExpert(name, retrying, slots, breaker, card.abilities)
