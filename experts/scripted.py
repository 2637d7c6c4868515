"""Experts with fixed answers: for tests, for examples, and for the quick start."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum

from redis.asyncio import Redis

from experts.base import Expert
from experts.cards import Cluster, Price, ScriptedCard
from experts.errors import BackendRejected, BackendTimeout, error_of
from experts.replying import ask_each, chunks
from experts.types import Answer, Cause, Chunk, Failure, Prompt, Reply


class Hang(Enum):
    """A script's word for an expert that never replies."""

    FOREVER = "forever"


Said = str | Cause | Hang


class ScriptedExpert:
    """Says what it was told to, after a delay: a reply, a failure of some cause, or nothing.

    `asked` holds every prompt so far; `running` counts the replies it is at work on, so a test
    can see that cancelling freed it.
    """

    def __init__(
        self,
        name: str,
        replies: Mapping[str, Said] | None = None,
        default: Said | None = None,
        delay: float = 0.0,  # seconds
        *,
        seconds: float = 60.0,
        price: Price | None = None,
    ) -> None:
        self.name = name
        self.asked: list[Prompt] = []
        self.running = 0
        self._replies = {question.strip(): said for question, said in (replies or {}).items()}
        self._default = default
        self._delay = delay
        self._seconds = seconds
        self._price = price or Price()

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        return await ask_each(self.name, prompts, self._answer)

    async def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        for chunk in chunks(await self._answer(prompt)):
            yield [chunk]

    async def _answer(self, prompt: Prompt) -> Answer:
        self.asked.append(prompt)
        self.running += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await self._said(prompt)
        except TimeoutError as error:
            raise BackendTimeout(f"no reply within {self._seconds:g} s") from error
        finally:
            self.running -= 1

    async def _said(self, prompt: Prompt) -> Answer:
        said = self._replies.get(prompt.text.strip(), self._default)
        await asyncio.sleep(self._delay)
        match said:
            case Hang():
                await asyncio.Event().wait()
            case Cause():
                raise error_of(Failure(self.name, said, f"scripted to fail: {said}"))
            case None:
                raise BackendRejected(
                    "no reply is scripted for this question; add it to 'replies' or set 'default'"
                )
        asked = sum(len(message.content.split()) for message in prompt.messages)
        return Answer(self.name, str(said), self._price.usage(asked, len(str(said).split())))


@asynccontextmanager
async def opened(
    cards: Mapping[str, ScriptedCard], cluster: Cluster, redis: Redis | None = None
) -> AsyncIterator[dict[str, Expert]]:
    """Nothing needs opening."""
    yield {
        name: ScriptedExpert(
            name, card.replies, card.default, card.delay, seconds=card.seconds, price=card.price
        )
        for name, card in cards.items()
    }
