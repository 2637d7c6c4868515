"""Follows the registry file and what other workers were posted, while the service runs."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from api.roster.errors import RosterAway, RosterError
from api.roster.live import Live
from api.settings import Settings, load_settings
from api.telemetry.reloads import Reloaded
from experts.errors import ExpertError, RegistryError
from orchestrator.telemetry import Observer, unobserved

logger = logging.getLogger(__name__)
EVERY = 2.0  # seconds between looks


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings come from. `hurry` is set to look at once, changed or not."""

    path: Path | None = None  # None: the built-in specialists, which never change
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self) -> Settings:
        return load_settings(self.path)

    def digest(self) -> bytes:
        """Of what the file holds by now; of nothing where it cannot be read."""
        try:
            return hashlib.sha256(self.path.read_bytes() if self.path else b"").digest()
        except OSError:
            return b""


class Follower:
    """Takes over what changed and is right; what is wrong is told, and nothing changes."""

    def __init__(
        self,
        live: Live,
        source: Source,
        observer: Observer = unobserved,
        every: float = EVERY,
    ) -> None:
        self._live = live
        self._source = source
        self._observer = observer
        self._every = every
        self._seen: bytes | None = None  # what changed while the service opened is found, too
        self._version = -1
        self._failing = False

    async def follow(self) -> None:
        """Keeps looking, until it is cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._source.hurry.wait(), self._every)
            forced = self._source.hurry.is_set()
            self._source.hurry.clear()
            await self.look(forced=forced)

    async def look(self, *, forced: bool = False) -> None:
        """Looks once. What goes on failing is told once, and tried again."""
        try:
            await self._look(forced)
        except Exception as error:
            if not self._failing:
                unforeseen = None if isinstance(error, RosterAway) else error
                extra = {"action": "follow_failed"}
                logger.warning(
                    "what changed cannot be taken over now", extra=extra, exc_info=unforeseen
                )
            self._failing = True
        else:
            self._failing = False

    async def _look(self, forced: bool) -> None:
        digest = await asyncio.to_thread(self._source.digest)
        if digest != self._seen or forced:
            await self._take_over(lambda: asyncio.to_thread(self._source.read))
            self._seen = digest
        version = await self._live.store.version()
        if version != self._version:
            await self._take_over(None)
            self._version = version

    async def _take_over(self, read: Callable[[], Awaitable[Settings]] | None) -> None:
        """What the file says by now, or what was posted. Raises `RosterAway`."""
        try:
            await self._live.change(await read() if read else None)
        except RosterAway:
            raise
        except (RegistryError, RosterError, ExpertError, OSError) as error:
            what = "the registry file is" if read else "what was posted is"
            extra = {"action": "reload_failed"}
            logger.error("%s not taken over, all stays as it is: %s", what, error, extra=extra)
            self._observer(Reloaded("refused", ()))


@asynccontextmanager
async def following(live: Live, source: Source, observer: Observer) -> AsyncIterator[None]:
    """Follows the source until the context ends."""
    follower = Follower(live, source, observer)
    task = asyncio.create_task(follower.follow(), name="follow the registry file")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
