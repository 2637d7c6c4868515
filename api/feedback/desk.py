"""Takes feedback for one worker: remembers what it answered, credits, and learns from all workers.

Remembering costs a request nothing but an append: what was answered is written to Redis by a task
of its own, and what all workers' feedback teaches is read every two seconds, if there is any.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from redis.exceptions import RedisError

from api.errors import Unfit
from api.feedback.errors import FeedbackAway, UnknownAnswer
from api.feedback.settings import FeedbackSettings
from orchestrator.feedback import Asked, Judgement, name, packed, unpacked
from orchestrator.types import Request, Verdict
from routing.feedback_store import MILLIONTHS, FeedbackStore, Remembered
from routing.learned import Learned

logger = logging.getLogger(__name__)
T = TypeVar("T")
EVERY = 2.0  # seconds between looks at what other workers were told
PATIENCE = 1.0  # seconds that Redis has for one answer
BACKLOG = 10_000  # answers that wait to be written; beyond that the oldest take no feedback
AT_ONCE = 64  # of them, or of tenants, in one message


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered under an id; its texts are dropped when it is written."""

    id: str
    request: Request
    verdicts: tuple[Verdict, ...]

    @property
    def remembered(self) -> Remembered:
        asked = Asked.of(self.request, self.verdicts, self.id)
        return Remembered(self.request.tenant, name(self.id), packed(asked))


class Desk:
    """`clock` tells seconds since 1970."""

    def __init__(
        self,
        store: FeedbackStore,
        settings: FeedbackSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._unwritten: deque[Answered] = deque(maxlen=BACKLOG)
        self._wanted = asyncio.Event()  # something is to be written
        self._told = asyncio.Event()  # something is to be read
        self._writing = asyncio.Lock()
        self._version = 0
        self.learned = Learned(settings.most, shared=settings.shared)

    def remember(self, id: str, request: Request, verdicts: Sequence[Verdict]) -> None:
        """Feedback may be given on this from now on."""
        if self._settings.hours:
            self._unwritten.append(Answered(id, request, tuple(verdicts)))
            self._wanted.set()

    async def give(self, tenant: str, id: str, judgement: Judgement) -> dict[str, float]:
        """Who is credited how much, 0..1; what was said of this request before is taken back.
        Raises `UnknownAnswer`, `FeedbackAway`, or `Unfit` for an expert that did not reply."""
        for _ in range(-(-len(self._unwritten) // AT_ONCE)):
            await self._asked(self._write_some)
        kept = await self._asked(lambda: self._store.recall(tenant, name(id)))
        if kept is None:
            raise UnknownAnswer(self._settings.hours)
        asked = unpacked(kept)
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
        while self._unwritten and await self._tried(self._write_some):
            pass

    async def _write_some(self) -> None:
        async with self._writing:
            taken = [self._unwritten.popleft() for _ in range(min(AT_ONCE, len(self._unwritten)))]
            try:
                await self._store.remember(
                    [answered.remembered for answered in taken],
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
        try:
            await self._asked(work)
        except FeedbackAway as error:
            logger.warning("feedback: %s", error, extra={"action": "feedback_away"})
            return False
        return True

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(PATIENCE):
                return await question()
        except (RedisError, TimeoutError, OSError) as error:
            raise FeedbackAway from error


@asynccontextmanager
async def desk_of(store: FeedbackStore, settings: FeedbackSettings) -> AsyncIterator[Desk]:
    """A desk at work, which knows what feedback taught so far; what is unwritten at the end is
    written."""
    desk = Desk(store, settings)
    await desk.refresh()
    tasks = [
        asyncio.create_task(desk.write(), name="write what was answered"),
        asyncio.create_task(desk.read(), name="read what feedback taught"),
    ]
    try:
        yield desk
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await desk.close()
