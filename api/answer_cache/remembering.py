"""A service that gives a kept answer where it has one, and keeps those it gives."""

from api.answer_cache.shelf import Shelf
from api.around import Around
from api.running import Service
from api.telemetry.kept import Recalled
from experts.types import Chunk
from orchestrator.telemetry import Observer, unobserved
from orchestrator.types import Listener, Request, Verdict


class Remembering(Around):
    """The service, with answers kept of what is asked one at a time. Two who ask the same at the
    same time are both answered anew, and so are samples and files."""

    def __init__(self, service: Service, shelf: Shelf, observer: Observer = unobserved) -> None:
        super().__init__(service)
        self._shelf = shelf
        self._observer = observer

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        kept = await self._found(request)
        if kept is not None:
            if listener:
                await listener([Chunk(kept.text)])
            return kept
        verdict = await self.inside.answer(request, listener)
        await self._shelf.keep(request, verdict)
        return verdict

    async def _found(self, request: Request) -> Verdict | None:
        kept = await self._shelf.find(request)
        if kept is not None:
            self._observer(Recalled())
        return kept
