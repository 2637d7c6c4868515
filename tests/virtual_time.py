"""A clock that does not wait: an event loop whose time jumps to whatever is due next."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

MOST_ROUNDS = 20_000  # of the loop at one moment; more, and it runs in circles


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        self._rounds += 1
        assert self._rounds < MOST_ROUNDS, "the event loop runs in circles"
        assert timeout is not None, "everybody waits for somebody else"
        if timeout > 0:
            self.now += timeout
            self._rounds = 0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code that waits only for timers and for itself, not for threads or the network. What
    would wait for ever, or never waits, fails."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs an async test so that its waits take no time, and checks that it leaves no task."""

    async def checked(*args: Any, **kwargs: Any) -> None:
        await test(*args, **kwargs)
        await asyncio.sleep(0)  # for callbacks of what has just ended
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"still running: {[task.get_name() for task in left]}"

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(checked(*args, **kwargs))

    return run
