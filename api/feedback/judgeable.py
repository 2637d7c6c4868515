"""A service that remembers what it answered to HTTP requests, so that feedback can be given."""

from collections.abc import Sequence

from api.access import NO_REQUEST, REQUEST
from api.around import Around
from api.feedback.taking import Feedback
from api.running import Service
from orchestrator.types import Listener, Request, Verdict


class Judgeable(Around):
    """The service, its verdicts remembered under the id of the HTTP request they answer. A batch
    has none for each of its questions: whoever runs it may remember them by its own."""

    def __init__(self, service: Service, feedback: Feedback) -> None:
        super().__init__(service)
        self._feedback = feedback

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        verdict = await self.inside.answer(request, listener)
        self._remember(request, [verdict])
        return verdict

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        verdicts = await self.inside.answer_each(requests)
        self._remember(requests[0], verdicts)
        return verdicts

    def _remember(self, request: Request, verdicts: Sequence[Verdict]) -> None:
        if (id := REQUEST.get()) != NO_REQUEST:
            self._feedback.remember(id, request, verdicts)
