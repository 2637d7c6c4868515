"""A service that gives a kept answer where it has one, and keeps those it gives."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from api.answer_cache.shelf import Shelf
from api.around import Around
from api.running import Service
from api.telemetry.kept import Recalled
from orchestrator.telemetry import Observer, unobserved
from orchestrator.types import Event, Request, Text, Verdict


class Remembering(Around):
    """The service, with answers kept of what is asked one at a time. Two who ask the same at the
    same time are both answered anew, and so are samples and files."""

    def __init__(self, service: Service, shelf: Shelf, observer: Observer = unobserved) -> None:
        super().__init__(service)
        self._shelf = shelf
        self._observer = observer

    async def answer(self, request: Request) -> Verdict:
        kept = await self._found(request)
        if kept is not None:
            return kept
        verdict = await self.inside.answer(request)
        await self._shelf.keep(request, verdict)
        return verdict

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        kept = await self._found(request)
        if kept is not None:
            yield Text(kept.text)
            yield kept
            return
        async with aclosing(self.inside.stream(request)) as events:
            async for event in events:
                if isinstance(event, Verdict):
                    await self._shelf.keep(request, event)
                yield event

    async def _found(self, request: Request) -> Verdict | None:
        kept = await self._shelf.find(request)
        if kept is not None:
            self._observer(Recalled())
        return kept
