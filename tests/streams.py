"""All of a stream: of what an expert says, and of what is told of a verdict."""

from collections.abc import AsyncIterator, Sequence

from api.running import Service
from experts.types import Chunk
from orchestrator.types import Event, Request, Verdict


async def gathered(stream: AsyncIterator[Sequence[Chunk]]) -> list[Chunk]:
    return [chunk async for together in stream for chunk in together]


async def streamed(service: Service, request: Request) -> list[Event | Verdict]:
    """What a listener is told, and the verdict."""
    told: list[Event] = []

    async def listener(events: Sequence[Event]) -> None:
        told.extend(events)

    verdict = await service.answer(request, listener)
    return [*told, verdict]
