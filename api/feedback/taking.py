"""Takes feedback for one worker: remembers what it answered, credits, and learns from all workers.

Remembering costs a request next to nothing: what is kept of an answer is worked out after it is
given, and written to Redis by a task of its own. What all workers' feedback teaches is read every
two seconds, if there is any.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from api.errors import Unfit
from api.feedback.errors import FeedbackAway, UnknownAnswer
from api.feedback.settings import FeedbackSettings
from api.redis_circuit import Away, RedisCircuit
from orchestrator.feedback import Asked, Judgement, name, packed, unpacked
from orchestrator.types import Request, Verdict
from routing.feedback_store import MILLIONTHS, FeedbackStore, Remembered
from routing.learned import Learned

logger = logging.getLogger(__name__)
T = TypeVar("T")
EVERY = 2.0  # seconds between looks at what other workers were told
BACKLOG = 10_000  # answers that wait to be written; beyond that the oldest take no feedback
GATHERED = 0.05  # seconds in which answers are gathered: one by one they take Redis half its time
LOOKS = (0.0, 5 * GATHERED, 20 * GATHERED)  # seconds before each look for an answer
AT_ONCE = 64  # of them, or of tenants, in one message


class Feedback:
    """What a worker knows of its users' feedback. `clock` tells seconds since 1970."""

    def __init__(
        self,
        store: FeedbackStore,
        settings: FeedbackSettings,
        clock: Callable[[], float] = time.time,
        circuit: RedisCircuit | None = None,
    ) -> None:
        self._store = store
        self._circuit = circuit or RedisCircuit("feedback")
        self._settings = settings
        self._clock = clock
        self._answered: list[tuple[str, Request, Sequence[Verdict]]] = []  # in the last moment
        self._unwritten: deque[Remembered] = deque(maxlen=BACKLOG)
        self._wanted = asyncio.Event()  # something is to be written
        self._told = asyncio.Event()  # something is to be read
        self._writing = asyncio.Lock()
        self._version = 0
        self._failing = False
        self.learned = Learned(settings.most, shared=settings.shared)

    def remember(self, id: str, request: Request, verdicts: Sequence[Verdict]) -> None:
        """Feedback may be given on this from now on. What is kept of it is worked out when whoever
        waits for the answer has it."""
        if self._settings.hours:
            if not self._answered:
                asyncio.get_running_loop().call_later(GATHERED, self._note)
            self._answered.append((id, request, verdicts))

    def _note(self) -> None:
        """Works out what is kept of the last answers."""
        answered, self._answered = self._answered, []
        for id, request, verdicts in answered:
            kept = packed(Asked.of(request, verdicts, id))
            self._unwritten.append(Remembered(request.tenant, name(id), kept))
        self._wanted.set()

    async def give(self, tenant: str, id: str, judgement: Judgement) -> dict[str, float]:
        """Who is credited how much, 0..1; what was said of this request before is taken back.
        Raises `UnknownAnswer`, `FeedbackAway`, or `Unfit` for an expert that did not reply."""
        self._note()  # what was answered a moment ago
        for _ in range(-(-len(self._unwritten) // AT_ONCE)):
            await self._asked(self._write_some)
        asked = unpacked(await self._recalled(tenant, id))
        if judgement.expert and judgement.expert not in asked.experts:
            raise Unfit("expert", f"{judgement.expert} gave no reply to this request")
        credited = asked.credited(judgement, id)
        amounts = {
            (expert, skill, kind): amount
            for expert, score in credited.items()
            for skill, share in asked.shares().items()
            for kind, part in (("wins", score), ("losses", 1 - score))
            if (amount := round(MILLIONTHS * self._settings.weight * share * part))
        }
        if not await self._asked(lambda: self._store.give(tenant, name(id), amounts)):
            raise UnknownAnswer(self._settings.hours)
        self._told.set()
        return credited

    async def _recalled(self, tenant: str, id: str) -> str:
        """What was kept of an answer; another worker's may be on its way to Redis."""
        for pause in LOOKS:
            await asyncio.sleep(pause)
            kept = await self._asked(lambda: self._store.recall(tenant, name(id)))
            if kept is not None:
                return kept
        raise UnknownAnswer(self._settings.hours)

    async def refresh(self) -> None:
        """Reads what feedback changed since the last time."""
        version = await self._store.version()
        if version == self._version:
            return
        if version < self._version:  # Redis lost what it had
            self._version = 0
            self.learned.forget()
        changed = await self._store.changed(self._version)
        for start in range(0, len(changed), AT_ONCE):
            counts = await self._store.counts(changed[start : start + AT_ONCE])
            for tenant, evidence in counts.items():
                self.learned.learn(tenant, evidence)
        self._version = version

    async def write(self) -> None:
        """Keeps writing, until it is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._unwritten:
                if not await self._tried(self._write_some):
                    await asyncio.sleep(EVERY)

    async def close(self) -> None:
        """Writes what can still be written."""
        self._note()
        while self._unwritten and await self._tried(self._write_some):
            pass

    async def _write_some(self) -> None:
        async with self._writing:
            taken = [self._unwritten.popleft() for _ in range(min(AT_ONCE, len(self._unwritten)))]
            try:
                await self._store.remember(
                    taken,
                    self._clock(),
                    self._settings.hours * 3600,
                    self._settings.requests,
                )
            except BaseException:
                self._unwritten.extendleft(reversed(taken))
                raise

    async def read(self) -> None:
        """Keeps reading, until it is cancelled."""
        while True:
            await self._tried(self.refresh)
            self._told.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), EVERY)

    async def _tried(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Whether it could be done. What goes on failing is told once."""
        try:
            await self._asked(work)
        except Exception as error:
            if not (self._failing or isinstance(error, FeedbackAway)):  # its circuit told that
                extra = {"action": "feedback_failed"}
                logger.warning("feedback: %s", error, extra=extra, exc_info=error)
            self._failing = True
            return False
        self._failing = False
        return True

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._circuit.ask(question)
        except Away as error:
            raise FeedbackAway from error


@asynccontextmanager
async def taking(store: FeedbackStore, settings: FeedbackSettings) -> AsyncIterator[Feedback]:
    """Knows what feedback taught so far, and is at work until the context ends; what is unwritten
    then is written."""
    feedback = Feedback(store, settings)
    await feedback.refresh()
    tasks = [
        asyncio.create_task(feedback.write(), name="write what was answered"),
        asyncio.create_task(feedback.read(), name="read what feedback taught"),
    ]
    try:
        yield feedback
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await feedback.close()
