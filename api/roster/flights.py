"""Knows when nobody is being answered by a service any more."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from api.around import Around
from api.running import Service
from orchestrator.errors import OrchestratorError
from orchestrator.intake import Requests
from orchestrator.types import Listener, Request, Verdict
from routing.types import Route


class Counted(Around):
    """The service, with the calls in flight counted."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._flying = 0
        self.idle = asyncio.Event()  # whether there is no call in flight
        self.idle.set()

    def __enter__(self) -> None:
        self._flying += 1
        self.idle.clear()

    def __exit__(self, *_: object) -> None:
        self._flying -= 1
        if not self._flying:
            self.idle.set()

    async def route(self, request: Request) -> Route:
        with self:
            return await self.inside.route(request)

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        with self:
            return await self.inside.answer(request, listener)

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        with self:
            return await self.inside.answer_each(requests)

    async def answer_all(
        self, requests: Requests
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]:
        with self:
            async with aclosing(self.inside.answer_all(requests)) as results:
                async for result in results:
                    yield result
