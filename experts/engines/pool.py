"""A family's engines as one: waits for one that is awake, and asks again when an engine dies."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from experts.engines.client import DEATHS, EngineDied
from experts.engines.dispatch import Dispatcher
from experts.engines.fleet import Fleet
from experts.engines.generation import EngineStatus, Outcome, Piece, Request, merged
from experts.errors import BackendUnavailable
from experts.types import Priority

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EnginePool:
    """Shared by the experts of one family. What is asked interactively goes to an engine at once,
    batch work by way of the dispatcher."""

    fleet: Fleet
    batches: Dispatcher
    family: str

    @property
    def engines(self) -> int:
        return len(self.fleet.of(self.family))

    def resident(self, base: str) -> bool:
        """Whether an engine could answer with these weights without moving any."""
        return self.fleet.resident(self.family, base)

    def wait(self, base: str) -> float:
        """Seconds until an engine would begin with a request that came now, as far as is known."""
        return min(self.fleet.wait(station, base) for station in self.fleet.of(self.family))

    async def ask(self, requests: Sequence[Request], seconds: float) -> list[Outcome]:
        """One outcome per request, all for one base. Raises `BackendUnavailable`."""
        if requests[0].priority is Priority.BATCH:
            return await self.batches.ask(self.family, requests, seconds)
        deadline = asyncio.get_running_loop().time() + seconds
        for _ in range(DEATHS):
            try:
                return await self._ask(requests, deadline)
            except EngineDied as error:
                logger.warning("asking again", extra={"action": "asked_again", "why": str(error)})
        return await self._ask(requests, deadline)

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Outcome]:
        """Pieces of one reply, also across the death of an engine if the text stays the same."""
        sent = Piece("")
        for deaths in range(1 + DEATHS):
            again = Piece("")
            try:
                async with aclosing(self._stream(request, deadline)) as pieces:
                    async for piece in pieces:
                        if not isinstance(piece, Piece):
                            yield piece
                            continue
                        new = unsent(sent, again, piece) if deaths else piece
                        again, sent = merged([again, piece]), merged([sent, new])
                        yield new
                return
            except EngineDied as error:
                if deaths == DEATHS:
                    raise
                logger.warning(
                    "streaming again", extra={"action": "asked_again", "why": str(error)}
                )

    async def status(self) -> list[EngineStatus]:
        return await self.fleet.statuses(self.family)

    async def _ask(self, requests: Sequence[Request], deadline: float) -> list[Outcome]:
        async with self.fleet.hold(self.family, requests, deadline) as engine:
            return await engine.ask(requests, deadline)

    async def _stream(self, request: Request, deadline: float) -> AsyncGenerator[Outcome]:
        async with (
            self.fleet.hold(self.family, [request], deadline) as engine,
            aclosing(engine.stream(request, deadline)) as pieces,
        ):
            async for piece in pieces:
                yield piece


def unsent(sent: Piece, again: Piece, piece: Piece) -> Piece:
    """What of a piece is new to one who has `sent`, where `again` was repeated before it."""
    end = len(again.text) + len(piece.text)
    repeated = sent.text[len(again.text) : end]
    ended_early = piece.finish is not None and end < len(sent.text)
    if not piece.text.startswith(repeated) or ended_early:
        raise BackendUnavailable(
            "the engine's process ended in the middle of the reply, and the repeated reply "
            "differs from what was sent already; ask again"
        )
    told = max(len(sent.logprobs) - len(again.logprobs), 0)
    return replace(piece, text=piece.text[len(repeated) :], logprobs=piece.logprobs[told:])
