"""A service that gives a kept answer where it has one, and keeps those it gives."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from api.answer_cache.shelf import Shelf
from api.running import Service
from orchestrator.errors import OrchestratorError
from orchestrator.intake import Requests
from orchestrator.types import Event, Request, Text, Verdict
from routing.types import Route


class Remembering:
    """The service, with answers kept of what is asked one at a time. Two who ask the same at the
    same time are both answered anew, and so are samples and files."""

    def __init__(self, service: Service, shelf: Shelf) -> None:
        self._service = service
        self._shelf = shelf

    @property
    def policies(self) -> tuple[str, ...]:
        return self._service.policies

    @property
    def experts(self) -> tuple[str, ...]:
        return self._service.experts

    @property
    def writers(self) -> tuple[str, ...]:
        return self._service.writers

    async def route(self, request: Request) -> Route:
        return await self._service.route(request)

    async def answer(self, request: Request) -> Verdict:
        kept = await self._shelf.find(request)
        if kept is not None:
            return kept
        verdict = await self._service.answer(request)
        await self._shelf.keep(request, verdict)
        return verdict

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        return await self._service.answer_each(requests)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        kept = await self._shelf.find(request)
        if kept is not None:
            yield Text(kept.text)
            yield kept
            return
        async with aclosing(self._service.stream(request)) as events:
            async for event in events:
                if isinstance(event, Verdict):
                    await self._shelf.keep(request, event)
                yield event

    async def answer_all(
        self, requests: Requests
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]:
        async with aclosing(self._service.answer_all(requests)) as results:
            async for result in results:
                yield result
