"""A context that is held open by a task of its own, so that anybody may close it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

T = TypeVar("T")
CLOSING = 10.0  # seconds to close in good order


class Held(Generic[T]):
    """Contexts of task groups must be left by the task that entered them: this is that task."""

    def __init__(self, value: T, task: asyncio.Task[None], closing: asyncio.Event) -> None:
        self.value = value
        self._task = task
        self._closing = closing

    @classmethod
    async def open(cls, context: AbstractAsyncContextManager[T], name: str) -> "Held[T]":
        """Raises what the context does as it is entered."""
        entered: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        closing = asyncio.Event()

        async def hold() -> None:
            try:
                async with context as value:
                    entered.set_result(value)
                    await closing.wait()
            except Exception as error:
                if entered.done():
                    raise
                entered.set_exception(error)

        task = asyncio.create_task(hold(), name=name)
        try:
            return cls(await entered, task, closing)
        except BaseException:
            task.cancel()
            raise

    async def close(self) -> None:
        """Leaves the context; after `CLOSING` seconds it is left by force."""
        self._closing.set()
        await asyncio.wait((self._task,), timeout=CLOSING)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
