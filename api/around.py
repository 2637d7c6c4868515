"""A service around another: what it does not do itself it passes on."""

from collections.abc import AsyncGenerator, Sequence

from api.running import Service
from orchestrator.errors import OrchestratorError
from orchestrator.intake import Requests
from orchestrator.types import Listener, Request, Verdict
from routing.types import Route


class Around:
    """The service inside, unchanged."""

    def __init__(self, service: Service) -> None:
        self.inside = service

    @property
    def policies(self) -> tuple[str, ...]:
        return self.inside.policies

    @property
    def experts(self) -> tuple[str, ...]:
        return self.inside.experts

    @property
    def writers(self) -> tuple[str, ...]:
        return self.inside.writers

    async def route(self, request: Request) -> Route:
        return await self.inside.route(request)

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        return await self.inside.answer(request, listener)

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        return await self.inside.answer_each(requests)

    def answer_all(
        self, requests: Requests
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]:
        return self.inside.answer_all(requests)
