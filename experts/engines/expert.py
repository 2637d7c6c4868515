"""Local models as experts. Ray and vLLM load when they are opened, not when this is imported."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from redis.asyncio import Redis

from experts.base import Expert
from experts.cards import Cluster, VllmCard
from experts.engines.families import families, tokenizer_of
from experts.engines.generation import EngineStatus, Outcome, Piece, Refusal, Request
from experts.engines.hub import located
from experts.engines.merging import with_merges
from experts.engines.pool import EnginePool
from experts.errors import EmptyReply, ExpertError, error_of
from experts.prompts import conversation
from experts.types import Answer, Cause, Chunk, Failure, Prompt, Reply, Usage

SLICE = 512  # prompts of a group that are sent as one call, so that no message grows without bound
IN_FLIGHT = 2  # slices per engine: the next one is there when the last of one are still running
WAVE = 8  # replies that even a slow engine gives in the time of one


class VllmExpert:
    """A model, or an adapter or a prompt on a model, on the engines of its family."""

    def __init__(self, name: str, card: VllmCard, pool: EnginePool) -> None:
        self.name = name
        self.abilities = card.abilities
        self._card = card
        self.pool = pool

    @property
    def resident(self) -> bool:
        """Whether it could answer without a move of weights."""
        return self.pool.resident(self._card.model)

    @property
    def wait(self) -> float:
        """Seconds until it would begin with a prompt that came now, as far as is known."""
        return self.pool.wait(self._card.model)

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        slots = asyncio.Semaphore(IN_FLIGHT * self.pool.engines)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._ask(prompts[start : start + SLICE], slots), name=f"ask {self.name}"
                )
                for start in range(0, len(prompts), SLICE)
            ]
        return [reply for task in tasks for reply in task.result()]

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Sequence[Chunk]]:
        deadline = asyncio.get_running_loop().time() + self._card.seconds
        said = False
        async with aclosing(self.pool.stream(self._request(prompt), deadline)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Refusal):
                    raise error_of(self._failure(piece, 0.0))
                said = said or bool(piece.text.strip())
                if piece.finish is None:
                    yield [Chunk(piece.text, logprobs=piece.logprobs)]
                elif said:
                    usage = self._usage(piece)
                    yield [Chunk(piece.text, piece.finish, usage, logprobs=piece.logprobs)]
                else:
                    raise EmptyReply("the reply had no text")

    async def status(self) -> list[EngineStatus]:
        """Of the engines that serve this expert, and others of its family."""
        return await self.pool.status()

    def _usage(self, piece: Piece) -> Usage:
        tokens = piece.prompt_tokens, piece.completion_tokens
        return self._card.price.usage(*tokens) if self._card.price else Usage(*tokens)

    async def _ask(self, prompts: Sequence[Prompt], slots: asyncio.Semaphore) -> list[Reply]:
        async with slots:
            started = time.monotonic()
            try:
                requests = [self._request(prompt) for prompt in prompts]
                outcomes = await self.pool.ask(requests, self._seconds(len(prompts)))
            except ExpertError as error:
                failure = error.failure(self.name, time.monotonic() - started)
                return [failure] * len(prompts)
            return [self._reply(outcome, time.monotonic() - started) for outcome in outcomes]

    def _seconds(self, prompts: int) -> float:
        """The deadline of a group: one reply has the card's seconds.

        Many share the engine's time, so they get more together, and less than one by one.
        What is ready by then is kept; only the rest of the group fails.
        """
        return self._card.seconds * math.ceil(prompts / WAVE)

    def _request(self, prompt: Prompt) -> Request:
        card = self._card
        asked = prompt.sampling.max_tokens or card.max_tokens
        return Request(
            base=card.model,
            messages=conversation(card.prompt, prompt.messages),
            max_tokens=min(asked, card.max_tokens),
            sampling=prompt.sampling,
            adapter=card.adapter,
            tokenizer=tokenizer_of(card),
            max_model_len=card.max_model_len,
            priority=prompt.priority,
            salt=prompt.salt,
        )

    def _reply(self, outcome: Outcome, seconds: float) -> Reply:
        if isinstance(outcome, Piece):
            if not outcome.text.strip():
                return EmptyReply("the reply had no text").failure(self.name, outcome.seconds)
            return Answer(
                self.name,
                outcome.text,
                self._usage(outcome),
                outcome.seconds,
                outcome.finish or "stop",
                logprobs=outcome.logprobs,
            )
        return self._failure(outcome, seconds)

    def _failure(self, refusal: Refusal, seconds: float) -> Failure:
        cause = Cause(refusal.cause)
        return Failure(self.name, cause, refusal.message, seconds, refusal.retry_after)


async def engine_statuses(experts: Iterable[Expert]) -> list[EngineStatus]:
    """Of every engine behind these experts, once each; what is not local has none."""
    pools = {e.pool.family: e.pool for e in experts if isinstance(e, VllmExpert)}
    return [status for pool in pools.values() for status in await pool.status()]


@asynccontextmanager
async def opened(
    cards: Mapping[str, VllmCard], cluster: Cluster, redis: Redis | None = None
) -> AsyncIterator[dict[str, Expert]]:
    """All local experts, once the engines that fit at once are awake. What engines are seen to cost
    is kept in `redis`."""
    from experts.engines.cluster import joined
    from experts.engines.opening import fleet_of

    # Merges are made now; what a hub's cache holds is a folder like any other from here on.
    cards = await asyncio.to_thread(lambda: with_merges(located(cards)))
    kinds = await asyncio.to_thread(families, cards)
    longest = {card.model: card.max_tokens for card in cards.values()}
    async with (
        joined(cluster),
        fleet_of(kinds, longest, cluster, redis) as (fleet, batches),
    ):
        experts: dict[str, Expert] = {}
        for family in kinds:
            pool = EnginePool(fleet, batches, family.name)
            experts.update({name: VllmExpert(name, cards[name], pool) for name in family.experts})
        yield {name: experts[name] for name in cards}
