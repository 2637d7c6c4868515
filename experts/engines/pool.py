"""A family's engines as one: places each group, and asks again once when an engine dies."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from experts.engines.client import EngineDied, RemoteEngine
from experts.engines.generation import EngineStatus, Outcome, Piece, Request
from experts.engines.placement import place
from experts.errors import BackendUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EnginePool:
    """Shared by the experts of one family."""

    engines: Sequence[RemoteEngine]

    async def ask(self, requests: Sequence[Request], deadline: float) -> list[Outcome]:
        """One outcome per request, all for one base. Raises `BackendUnavailable`."""
        try:
            return await self._choose(requests[0]).ask(requests, deadline)
        except EngineDied as error:
            logger.warning("asking again", extra={"action": "asked_again", "why": str(error)})
            return await self._choose(requests[0]).ask(requests, deadline)

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Outcome]:
        """Pieces of one reply, also across the death of an engine if the text stays the same."""
        sent = ""
        try:
            async with aclosing(self._choose(request).stream(request, deadline)) as pieces:
                async for piece in pieces:
                    yield piece
                    sent += piece.text if isinstance(piece, Piece) else ""
            return
        except EngineDied as error:
            logger.warning("streaming again", extra={"action": "asked_again", "why": str(error)})
        again = ""
        async with aclosing(self._choose(request).stream(request, deadline)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Piece):
                    yield replace(piece, text=unsent(sent, again, piece))
                    again += piece.text
                else:
                    yield piece

    async def status(self) -> list[EngineStatus]:
        return [await engine.status() for engine in self.engines]

    def _choose(self, request: Request) -> RemoteEngine:
        return self.engines[place([engine.load for engine in self.engines], request.base)]


def unsent(sent: str, again: str, piece: Piece) -> str:
    """What of a piece is new to one who has `sent`, where `again` was repeated before it."""
    repeated = sent[len(again) : len(again) + len(piece.text)]
    ended_early = piece.finish is not None and len(again) + len(piece.text) < len(sent)
    if not piece.text.startswith(repeated) or ended_early:
        raise BackendUnavailable(
            "the engine's process ended in the middle of the reply, and the repeated reply "
            "differs from what was sent already; ask again"
        )
    return piece.text[len(repeated) :]
