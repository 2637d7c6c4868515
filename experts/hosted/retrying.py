"""A backend that keeps its deadline and is asked again after failures that may pass."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Protocol

from experts.errors import BackendTimeout, BackendUnavailable, ExpertError
from experts.hosted.deadline import Deadline
from experts.types import Answer, Chunk, Prompt


class Backend(Protocol):
    """Somebody's API, one reply at a time. Both raise `ExpertError`."""

    async def reply(self, prompt: Prompt) -> Answer: ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """A chunk without text or finish says that the model is at work: it thinks."""
        ...


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


class RetryingBackend:
    """The whole of a reply, pauses included, takes at most `seconds`.

    Half of the time left must bring the first token, or another try could not be made.
    """

    def __init__(self, backend: Backend, seconds: float, retries: Retries | None = None) -> None:
        self._backend = backend
        self._seconds = seconds
        self._retries = retries or Retries()
        self._random = random.Random()

    async def reply(self, prompt: Prompt) -> Answer:
        failed = 0
        ends = self._ends()
        try:
            async with asyncio.timeout_at(ends):
                while True:
                    try:
                        return await self._backend.reply(prompt)
                    except BackendUnavailable as error:
                        failed += 1
                        await self._pause(error, failed, ends)
        except TimeoutError as error:
            raise BackendTimeout(f"no reply within {self._seconds:g} s") from error

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        failed = 0
        ends = self._ends()
        sent = False
        while True:
            try:
                async with aclosing(self._in_time(prompt, ends)) as chunks:
                    async for chunk in chunks:
                        sent = True
                        yield chunk
                return
            except BackendUnavailable as error:
                if sent:
                    raise
                failed += 1
                await self._pause(error, failed, ends)

    async def _in_time(self, prompt: Prompt, ends: float) -> AsyncGenerator[Chunk, None]:
        """One try. A timeout is set around each step alone: around a `yield` it would also time,
        and cancel, whoever reads the stream."""
        first = (ends - asyncio.get_running_loop().time()) / 2
        limit, missed, begun = ends - first, f"no first token within {first:.3g} s", False
        async with aclosing(self._backend.stream(prompt)) as chunks:
            with closing(Deadline(limit)) as deadline:
                while True:
                    try:
                        chunk = await deadline.step(anext(chunks, None))
                    except TimeoutError as error:
                        raise BackendTimeout(missed) from error
                    if chunk is None:
                        return
                    if not begun:
                        begun, missed = True, f"no whole reply within {self._seconds:g} s"
                        deadline.move(ends)
                    if chunk.text or chunk.finish:
                        yield chunk

    def _ends(self) -> float:
        return asyncio.get_running_loop().time() + self._seconds

    async def _pause(self, error: BackendUnavailable, failed: int, ends: float) -> None:
        """Returns when it is time to try again; raises the error if there is no such time."""
        left = ends - asyncio.get_running_loop().time()
        wait = self._retries.wait(error, failed, left, self._random.random())
        if wait is None:
            raise error
        await asyncio.sleep(wait)
