"""Calls that keep their deadlines and are made again after failures that may pass."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, aclosing, closing
from dataclasses import dataclass
from typing import Protocol, TypeVar

from experts.errors import BackendTimeout, BackendUnavailable, CircuitOpen, ExpertError
from experts.hosted.breaking import Breaker
from experts.hosted.deadline import Deadline
from experts.types import Answer, Chunk, Priority, Prompt

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Backend(Protocol):
    """Somebody's API, one reply at a time. Both raise `ExpertError`."""

    async def reply(self, prompt: Prompt) -> Answer: ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[Sequence[Chunk], None]:
        """Those chunks together that come together, one at least. A chunk without text or finish
        says that the model is at work: it thinks."""
        ...


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a reply has. A reply that comes in one piece has the `total` alone."""

    total: float  # tries and pauses included
    first_token: float | None = None  # of each try; None: half of what is left, for another try
    idle: float | None = None  # between chunks; None: no limit of its own

    def first(self, now: float, ends: float) -> float:
        """When the first token must be there, for a try that begins now."""
        return min(ends, now + ((ends - now) / 2 if self.first_token is None else self.first_token))

    def next(self, now: float, ends: float) -> float:
        return ends if self.idle is None else min(ends, now + self.idle)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed call is made again, and how soon."""

    most: int = 2
    pause: float = 0.5  # seconds before the first; doubled for the next

    def wait(self, error: ExpertError, failed: int, left: float, jitter: float) -> float | None:
        """Seconds until the call is made again after its `failed`th failure; None: it is not.

        Never sooner than the backend asks for, and not at all if that is past the deadline,
        `left` seconds away. `jitter` in 0..1 spreads calls that failed together.
        """
        if failed > self.most or not isinstance(error, BackendUnavailable):
            return None
        pause = self.pause * 2 ** (failed - 1) * (0.5 + jitter / 2)
        wait = pause if error.retry_after is None else error.retry_after + pause * jitter
        return wait if wait < left else None


class Retrying:
    """The whole of a reply, pauses included, takes at most its total. Whoever waits for a reply is
    told at once that the circuit is open, unless the backend has just told this call when to come
    back; who is patient waits until it is closed."""

    def __init__(
        self,
        deadlines: Deadlines,
        retries: Retries | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._deadlines = deadlines
        self._retries = retries or Retries()
        self._breaker = breaker or Breaker("an expert")
        self._random = random.Random()

    async def made(self, call: Callable[[], Awaitable[T]], *, patient: bool = False) -> T:
        """What the call returns that comes in one piece; raises `ExpertError` as it does."""
        with self._tries(patient) as tries:
            while True:
                try:
                    return await self._whole(call, tries.ends)
                except BackendUnavailable as error:
                    await tries.pause(error)

    async def _whole(self, call: Callable[[], Awaitable[T]], ends: float) -> T:
        """One try."""
        with self._breaker.call():
            try:
                async with asyncio.timeout_at(ends):
                    return await call()
            except TimeoutError as error:
                seconds = self._deadlines.total
                raise BackendTimeout(f"no reply within {seconds:g} s") from error

    def _tries(self, patient: bool) -> "_Tries":
        ends = _now() + self._deadlines.total
        return _Tries(self._breaker.expert, self._retries, self._random, ends, patient)


class RetryingBackend(Retrying):
    """A backend that is called so. The questions of a file are patient."""

    def __init__(
        self,
        backend: Backend,
        deadlines: Deadlines,
        retries: Retries | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        super().__init__(deadlines, retries, breaker)
        self._backend = backend

    async def reply(self, prompt: Prompt) -> Answer:
        return await self.made(lambda: self._backend.reply(prompt), patient=_patient(prompt))

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Sequence[Chunk], None]:
        sent = False
        with self._tries(_patient(prompt)) as tries:
            while True:
                try:
                    async with aclosing(self._in_time(prompt, tries.ends)) as stream:
                        async for chunks in stream:
                            sent = True
                            yield chunks
                    return
                except BackendUnavailable as error:
                    if sent:
                        raise
                    await tries.pause(error)

    async def _in_time(self, prompt: Prompt, ends: float) -> AsyncGenerator[Sequence[Chunk], None]:
        """One try. A timeout is set around each step alone: around a `yield` it would also time,
        and cancel, whoever reads the stream."""
        began = _now()
        limit, heard = self._deadlines.first(began, ends), False
        with self._breaker.call() as call, closing(Deadline(limit)) as deadline:
            async with aclosing(self._backend.stream(prompt)) as stream:
                while True:
                    try:
                        chunks = await deadline.step(anext(stream, None))
                    except TimeoutError as error:
                        none = f"no first token within {limit - began:.3g} s"
                        missed = self._late(limit < ends) if heard else none
                        raise BackendTimeout(missed) from error
                    if chunks is None:
                        return
                    call.works()
                    if told := [chunk for chunk in chunks if not chunk.blank]:
                        yield told
                    limit, heard = self._deadlines.next(deadline.now, ends), True
                    deadline.move(limit)

    def _late(self, idle: bool) -> str:
        if idle:
            return f"no further token within {self._deadlines.idle:g} s"
        return f"no whole reply within {self._deadlines.total:g} s"


@dataclass(slots=True)
class _Tries(AbstractContextManager["_Tries"]):
    """The tries of one reply. The operator is told here what they came to, and clients are not."""

    expert: str
    retries: Retries
    random: random.Random
    ends: float  # by the event loop's clock
    patient: bool  # waits for a circuit to close
    failures: int = 0
    last: BackendUnavailable | None = None

    async def pause(self, error: BackendUnavailable) -> None:
        """Returns when it is time for another try; raises what went wrong if there is none."""
        if isinstance(error, CircuitOpen):
            named = self.last is not None and self.last.retry_after is not None
            if not (self.patient or named):
                raise (self.last or error) from error
            self.failures += not self.patient
        else:
            self.last = error
            self.failures += 1
        left = self.ends - _now()
        wait = self.retries.wait(error, max(1, self.failures), left, self.random.random())
        if wait is None:
            raise error
        self._tell(logging.DEBUG, "asked_again", "is asked again", error)
        await asyncio.sleep(wait)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, CircuitOpen):  # it does not know why the circuit was opened
            error = self.last
        if isinstance(error, ExpertError):
            self._tell(logging.WARNING, "call_failed", "failed", error)

    def _tell(self, level: int, action: str, how: str, error: ExpertError) -> None:
        if error.detail:
            logger.log(
                level,
                "%s %s: %s: %s",
                *(self.expert, how, error.cause.value, error.detail),
                extra={"action": action, "expert": self.expert, "cause": error.cause.value},
            )


def _patient(prompt: Prompt) -> bool:
    return prompt.priority is Priority.BATCH


def _now() -> float:
    return asyncio.get_running_loop().time()
