"""What the HTTP layer and the command line call: a service that is open, and its health."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from experts.circuit import State
from experts.engines.generation import EngineStatus
from orchestrator.errors import OrchestratorError
from orchestrator.intake import Requests
from orchestrator.types import Listener, Request, Verdict
from routing.types import Route

if TYPE_CHECKING:
    from api.batches.desk import Desk
    from api.embedders.model import EmbeddingModel
    from api.feedback.taking import Feedback
    from api.keys.visitor import Keys
    from api.responses.store import Store
    from api.roster.live import Live


class Service(Protocol):
    """Answers questions. All calls raise `UnknownModel`, all but `route` `PanelFailed`."""

    @property
    def policies(self) -> tuple[str, ...]: ...

    @property
    def experts(self) -> tuple[str, ...]: ...

    @property
    def writers(self) -> tuple[str, ...]:
        """Who may write a verdict: the experts, and the aggregator if there is one."""
        ...

    async def answer(self, request: Request, listener: Listener | None = None) -> Verdict:
        """With a listener, its text is told as soon as it is sure to be its text."""
        ...

    async def answer_each(self, requests: Sequence[Request]) -> list[Verdict]:
        """A few at the same time, verdicts in order. The first that has none ends the others."""
        ...

    def answer_all(
        self, requests: Requests
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]:
        """(place in `requests`, verdict or why there is none), as questions finish."""
        ...

    async def route(self, request: Request) -> Route:
        """Who would be asked, without asking."""
        ...


async def _no_engines() -> list[EngineStatus]:
    return []


async def _nothing() -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Running:
    """An open service. `ready` says what it still lacks; nothing means ready. `degraded` says what
    it answers without. `engines` says what each engine process of this machine is doing, and
    `circuits` which experts are left alone. `keys` checks and counts, where any are asked for."""

    service: Service
    ready: Callable[[], Awaitable[list[str]]]
    engines: Callable[[], Awaitable[list[EngineStatus]]] = _no_engines
    keys: "Keys | None" = None
    circuits: Callable[[], Mapping[str, State]] = dict
    degraded: Callable[[], Awaitable[list[str]]] = _nothing
    desk: "Desk | None" = None  # for files and batches
    embedders: "Mapping[str, EmbeddingModel]" = field(default_factory=dict)
    responses: "Store | None" = None  # what POST /v1/responses keeps; None: nothing can be kept
    feedback: "Feedback | None" = None
    live: "Live | None" = None  # whose this is, where it may change while it runs
    locked: bool = False  # whether experts may not be changed over HTTP

    @property
    def now(self) -> "Running":
        """What has taken its place by now."""
        return self.live.running if self.live else self


class CannotOpen(Exception):  # noqa: N818 - named for the state it reports
    """The service behind the server did not open, or broke while it was open."""


OURS = "convene/"
Opened = Callable[[], AbstractAsyncContextManager[Running]]


def named(model: str, service: Service) -> str:
    """The service's own name for a model: `convene/auto` is the policy `auto`."""
    if not model.startswith(OURS):
        return model
    policy = model.removeprefix(OURS)
    return policy if policy in service.policies else model
