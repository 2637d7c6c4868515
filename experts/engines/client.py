"""An engine's actor as seen from the process that asks it: deadlines, cancellation and death."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from experts.engines.costs import Happened
from experts.engines.generation import EngineStatus, Outcome, Request
from experts.errors import BackendTimeout, BackendUnavailable

if TYPE_CHECKING:
    from experts.engines.actor import Orders
    from experts.engines.workday import Learned

logger = logging.getLogger(__name__)

GRACE_SECONDS = 2.0  # for the answers of what was in time to arrive, after the deadline
STATUS_SECONDS = 5.0
DEATHS = 2  # of engines, after which the prompts themselves are suspected and given up
MOVE_SECONDS = 300.0  # that falling asleep or waking may take


class EngineDied(BackendUnavailable):
    """The engine's process ended with the request in it; another is started."""


class NotStarted(BackendUnavailable):
    """No engine came about in the process; the message is the reason it gave."""


class Ending:
    """How Ray ends a call and a process. Fine once Ray itself has ended."""

    def cancel(self, call: Any) -> None:
        import ray

        if ray.is_initialized():
            ray.cancel(call)

    def kill(self, actor: Any) -> None:
        import ray

        if ray.is_initialized():
            ray.kill(actor)


RAY = Ending()


class RemoteEngine:
    """One process's life. Owned by one event loop; `died` is set when the process is gone."""

    def __init__(self, actor: Any, ending: Ending = RAY) -> None:
        self._actor = actor
        self._ending = ending
        self.died = asyncio.Event()
        self.sent: Counter[str] = Counter()  # prompts that were sent and not answered, by base
        self.estimates: Mapping[str, float] = {}  # base -> seconds until a new request would start
        self._known: EngineStatus | None = None

    @property
    def resident(self) -> str | None:
        """The base that was resident when the engine was last heard of."""
        return self._known.resident if self._known else None

    @property
    def held(self) -> frozenset[str]:
        """Bases whose weights were in its host memory when it was last heard of."""
        return frozenset(self._known.held) if self._known else frozenset()

    async def warm(self, seconds: float) -> None:
        """Returns when the process could start an engine. Raises `NotStarted`."""
        await self._prepared(self._actor.warm.remote(), seconds)

    async def start(self, orders: "Orders", seconds: float) -> EngineStatus:
        """Returns when the engine can be asked. Raises `NotStarted`."""
        self._known = status = await self._prepared(self._actor.start.remote(orders), seconds)
        return status

    async def sleep(self, level: int) -> EngineStatus:
        """Raises `NotStarted`: an engine that does not fall asleep is of no use."""
        self._known = status = await self._prepared(self._actor.sleep.remote(level), MOVE_SECONDS)
        return status

    async def wake(self, base: str) -> EngineStatus:
        """Raises `NotStarted`: an engine that does not wake is of no use."""
        self._known = status = await self._prepared(self._actor.wake.remote(base), MOVE_SECONDS)
        return status

    async def ask(self, requests: Sequence[Request], deadline: float) -> list[Outcome]:
        """One outcome per request by `deadline`, on the event loop's clock."""
        with self._sending(requests[0].base, len(requests)), self._translated():
            seconds = _left(deadline)
            ref = self._actor.ask.remote(list(requests), seconds)
            try:
                async with asyncio.timeout(seconds + GRACE_SECONDS):
                    outcomes: list[Outcome] = await ref
            except BaseException:
                self._ending.cancel(ref)
                raise
        return outcomes

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Outcome]:
        """Pieces of one reply as they come; leaving early frees the engine."""
        with self._sending(request.base, 1):
            with self._translated():
                pieces = self._actor.stream.remote(request)
            try:
                while True:
                    with self._translated():
                        async with asyncio.timeout_at(deadline):
                            ref = await anext(pieces, None)
                            if ref is None:
                                return
                            piece: Outcome = await ref
                    yield piece
            finally:
                self._ending.cancel(pieces)

    async def status(self) -> EngineStatus:
        """What the engine is doing, or did when it was last heard of."""
        assert self._known is not None, "asked after it started"
        if not self.died.is_set():
            try:
                async with asyncio.timeout(STATUS_SECONDS):
                    with self._translated():
                        self._known = await self._actor.status.remote()
                return self._known
            except (TimeoutError, BackendUnavailable):
                logger.warning("no status", extra={"action": "no_status"})
        return replace(self._known, up=False)

    async def learned(self) -> list[Happened]:
        """What the engine measured since it was last asked; nothing if it is gone."""
        try:
            with self._translated():
                ref = self._actor.learned.remote()
                try:
                    async with asyncio.timeout(STATUS_SECONDS):
                        learned: Learned = await ref
                except BaseException:
                    self._ending.cancel(ref)  # else what it tells later is told to nobody
                    raise
            self.estimates = learned.estimates
            return learned.happened
        except BackendUnavailable:
            return []

    def kill(self) -> None:
        """Ends the process at once: all of its memory is free again. Fine if it is gone."""
        self.died.set()
        self._ending.kill(self._actor)

    async def _prepared(self, ref: Awaitable[EngineStatus], seconds: float) -> EngineStatus:
        from ray.exceptions import RayActorError, RayError

        try:
            async with asyncio.timeout(seconds):
                return await ref
        except TimeoutError as error:
            raise NotStarted(f"no engine within {seconds:g} s") from error
        except RayActorError as error:
            self.died.set()
            raise NotStarted(f"its process ended: {_reason(error)}") from error
        except RayError as error:  # what the actor raised, or why Ray cannot run it
            raise NotStarted(_reason(error)) from error

    @contextmanager
    def _sending(self, base: str, prompts: int) -> Iterator[None]:
        self.sent[base] += prompts
        try:
            yield
        finally:
            self.sent[base] -= prompts

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Ray's errors as ours, except what the actor's own code raised: that is a bug to see."""
        from ray.exceptions import RayActorError, RayError, RayTaskError

        try:
            yield
        except TimeoutError as error:
            raise BackendTimeout("no reply within the deadline") from error
        except RayActorError as error:
            self.died.set()
            raise EngineDied("the engine's process ended; another is being started") from error
        except RayTaskError:
            raise
        except RayError as error:
            raise BackendUnavailable(f"the engine could not be asked: {error}") from error


def _left(deadline: float) -> float:
    return max(0.001, deadline - asyncio.get_running_loop().time())


def _reason(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[-1]
