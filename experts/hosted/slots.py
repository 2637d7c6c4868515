"""A bounded number of calls at once to one expert: people first, and nobody waits in vain."""

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from math import inf, isfinite

from experts.errors import BackendUnavailable
from experts.types import Priority

MOST_WAITING = 10_000  # prompts per expert that have no slot yet
LEARNING = 0.1  # weight of the latest call in the mean


class Slots:
    """A place for each of `calls`. No more than `most` wait for one, and of people none longer than
    `longest` seconds: who would, by the mean of the calls so far, is refused at once."""

    def __init__(self, calls: int, most: int = MOST_WAITING, longest: float = inf) -> None:
        self._calls = calls
        self._free = calls
        self._most = most
        self._longest = longest
        self._mean = 0.0  # seconds that a call keeps its place
        self._waiting: dict[Priority, deque[asyncio.Future[None]]] = {
            priority: deque()
            for priority in Priority  # the first named go first
        }

    def wait(self, priority: Priority = Priority.INTERACTIVE) -> float:
        """Seconds until a call that came now would have a place, as far as is known."""
        if self._free:
            return 0.0
        ahead = len(self._waiting[Priority.INTERACTIVE])
        if priority is Priority.BATCH:
            ahead += len(self._waiting[Priority.BATCH])
        return self._mean * (ahead + 1) / self._calls

    def turn(self, priority: Priority) -> AbstractAsyncContextManager[None]:
        """A place, for as long as the context is open. Raises `BackendUnavailable`."""
        return _Turn(self, priority)

    def take(self) -> bool:
        """Whether there was a place at once."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def stand_in_line(self, priority: Priority) -> None:
        self._refuse(priority)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[priority].append(place)
        people = priority is Priority.INTERACTIVE and isfinite(self._longest)
        try:
            async with asyncio.timeout(self._longest if people else None):
                await place
        except (asyncio.CancelledError, TimeoutError) as error:
            if place.cancelled():
                with suppress(ValueError):  # it may have been passed over
                    self._waiting[priority].remove(place)
            else:  # it was given, and nobody is there to use it
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise self._busy(self._longest) from error
            raise

    def leave(self, seconds: float) -> None:
        """A call that kept its place for `seconds` is over."""
        self._mean += (seconds - self._mean) * (LEARNING if self._mean else 1.0)
        self._pass_on()

    def _pass_on(self) -> None:
        for waiting in self._waiting.values():
            while waiting:
                place = waiting.popleft()
                if not place.cancelled():
                    place.set_result(None)
                    return
        self._free += 1

    def _refuse(self, priority: Priority) -> None:
        wait = self.wait(priority)
        if sum(map(len, self._waiting.values())) >= self._most:
            raise BackendUnavailable(f"{self._most} prompts wait for it; ask again later", wait)
        if priority is Priority.INTERACTIVE and wait > self._longest:
            raise self._busy(wait)

    def _busy(self, seconds: float) -> BackendUnavailable:
        return BackendUnavailable(f"it is busy for about {seconds:.0f} s; ask again later", seconds)


@dataclass(slots=True)
class _Turn(AbstractAsyncContextManager[None]):
    slots: Slots
    priority: Priority
    since: float = 0.0

    async def __aenter__(self) -> None:
        if not self.slots.take():
            await self.slots.stand_in_line(self.priority)
        self.since = asyncio.get_running_loop().time()

    async def __aexit__(self, *_: object) -> None:
        self.slots.leave(asyncio.get_running_loop().time() - self.since)
