"""One deadline for many short steps, such as the chunks of a stream."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """As an `asyncio.timeout_at` around each step, with one timer for all of them: a timer for
    each takes longer than the step. One that is moved to later rings when it was to, and is set
    again only then. Between steps, whoever takes them is not interrupted."""

    def __init__(self, at: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = False
        self._stepping: asyncio.Task[object] | None = None
        self._at = self._rings = at
        self._timer: asyncio.Handle = self._loop.call_at(at, self._end)

    @property
    def now(self) -> float:
        return self._loop.time()

    def move(self, at: float) -> None:
        """To another time, by the event loop's clock; steps have until then though it was over."""
        late = self._over or at < self._rings
        self._at, self._over = at, False
        if late:
            self._set()

    def close(self) -> None:
        self._timer.cancel()

    async def step(self, step: Awaitable[T]) -> T:
        """The step's result. Raises `TimeoutError`."""
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        self._stepping = task
        try:
            if self._over:
                # What need not be waited for is not too late.
                self._timer = self._loop.call_soon(self._end)
            return await step
        except asyncio.CancelledError as error:
            if self._over and task.uncancel() <= cancelling:
                raise TimeoutError from error
            raise
        finally:
            self._stepping = None

    def _set(self) -> None:
        self._timer.cancel()
        self._rings = self._at
        self._timer = self._loop.call_at(self._at, self._end)

    def _end(self) -> None:
        if self._rings < self._at:
            self._set()
            return
        self._over = True
        if self._stepping is not None:
            self._stepping.cancel()
