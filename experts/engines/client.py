"""An engine's actor as seen from the process that asks it: cancellation, death and restart."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from experts.engines.generation import EngineStatus, Outcome, Request
from experts.engines.placement import Load
from experts.errors import BackendTimeout, BackendUnavailable, RegistryError

logger = logging.getLogger(__name__)

GRACE_SECONDS = 2.0  # for the answers of what was in time to arrive, after the deadline
POLL_SECONDS = 0.25
STATUS_SECONDS = 5.0


class EngineDied(BackendUnavailable):
    """The engine's process ended with the request in it; Ray starts another."""


class RemoteEngine:
    """Owned by one event loop."""

    def __init__(self, name: str, actor: Any) -> None:
        self.name = name
        self.actor = actor
        self.restarts = 0
        self._up = asyncio.Event()
        self._up.set()
        self._revival: asyncio.Task[None] | None = None
        self._known: EngineStatus | None = None
        self._last: str | None = None  # the base it was asked for last
        self._sent: Counter[str] = Counter()

    @property
    def load(self) -> Load:
        bases = {base for base, prompts in self._sent.items() if prompts}
        if self._last is not None:
            bases.add(self._last)
        return Load(frozenset(bases), self._sent.total(), self._up.is_set())

    async def ask(self, requests: Sequence[Request], deadline: float) -> list[Outcome]:
        """One outcome per request by `deadline`, on the event loop's clock."""
        with self._sending(requests[0].base, len(requests)):
            seconds = await self._seconds_left(deadline)
            with _translated(self):
                ref = self.actor.ask.remote(list(requests), seconds)
                try:
                    async with asyncio.timeout(seconds + GRACE_SECONDS):
                        outcomes: list[Outcome] = await ref
                except BaseException:
                    _cancel(ref)
                    raise
            return outcomes

    async def stream(self, request: Request, deadline: float) -> AsyncGenerator[Outcome]:
        """Pieces of one reply as they come; leaving early frees the engine."""
        with self._sending(request.base, 1):
            await self._seconds_left(deadline)
            with _translated(self):
                pieces = self.actor.stream.remote(request)
            try:
                while True:
                    with _translated(self):
                        async with asyncio.timeout_at(deadline):
                            ref = await anext(pieces, None)
                            if ref is None:
                                return
                            piece: Outcome = await ref
                    yield piece
            finally:
                _cancel(pieces)

    async def status(self) -> EngineStatus:
        """What the engine is doing, or did before it went down. Does not wait for a restart."""
        assert self._known is not None, "asked after it started"
        if self._up.is_set():
            try:
                async with asyncio.timeout(STATUS_SECONDS):
                    with _translated(self):
                        self._known = await self.actor.status.remote()
            except (TimeoutError, BackendUnavailable):
                logger.warning("no status", extra={"action": "no_status", "engine": self.name})
                return replace(self._known, restarts=self.restarts, up=False)
        return replace(self._known, restarts=self.restarts, up=self._up.is_set())

    async def started(self, seconds: float) -> None:
        """Returns when the engine's process is ready for the first time, or says why it is not."""
        from ray.exceptions import RayActorError

        try:
            async with asyncio.timeout(seconds):
                self._known = await self.actor.status.remote()
        except TimeoutError as error:
            raise RegistryError(
                f"{self.name}: its engine did not start within {seconds:g} s; "
                "are as many GPUs free as it asks for?"
            ) from error
        except RayActorError as error:
            why = str(error).strip().splitlines()[-1]
            raise RegistryError(f"{self.name}: its engine did not start: {why}") from error

    async def aclose(self) -> None:
        if self._revival is not None:
            self._revival.cancel()
            await asyncio.gather(self._revival, return_exceptions=True)

    def died(self) -> None:
        """Keeps new requests away until Ray has started the process again."""
        if self._up.is_set():
            self._up.clear()
            self._last = None
            self.restarts += 1
            self._revival = asyncio.create_task(self._revive(), name="revive engine")

    async def _revive(self) -> None:
        from ray.exceptions import RayError

        while not self._up.is_set():
            try:
                self._known = await self.actor.status.remote()
            except RayError:
                await asyncio.sleep(POLL_SECONDS)
            else:
                self._up.set()
                logger.warning("an engine restarted", extra={"action": "engine_restarted"})

    async def _seconds_left(self, deadline: float) -> float:
        try:
            async with asyncio.timeout_at(deadline):
                await self._up.wait()
        except TimeoutError as error:
            raise BackendTimeout("the engine did not restart in time; ask again later") from error
        return max(0.001, deadline - asyncio.get_running_loop().time())

    @contextmanager
    def _sending(self, base: str, prompts: int) -> Iterator[None]:
        self._sent[base] += prompts
        try:
            yield
            self._last = base
        finally:
            self._sent[base] -= prompts


@contextmanager
def _translated(engine: RemoteEngine) -> Iterator[None]:
    """Ray's errors as ours, except what the actor's own code raised: that is a bug to be seen."""
    from ray.exceptions import RayActorError, RayError, RayTaskError

    try:
        yield
    except TimeoutError as error:
        raise BackendTimeout("no reply within the deadline") from error
    except RayActorError as error:
        engine.died()
        raise EngineDied("the engine's process ended; Ray is starting it again") from error
    except RayTaskError:
        raise
    except RayError as error:
        raise BackendUnavailable(f"the engine could not be asked: {error}") from error


def _cancel(call: Any) -> None:
    import ray

    if ray.is_initialized():
        ray.cancel(call)
