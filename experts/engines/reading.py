"""Reads the weights that are needed next into host memory, while the engine generates."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experts.engines.weights import weight_files

logger = logging.getLogger(__name__)

Tensors = Iterable[tuple[str, Any]]


class Unread(Exception):  # noqa: N818 - named for the state it reports
    """The weights were not read: they do not fit the budget, or nobody wants them any more."""


@dataclass(frozen=True, slots=True)
class Read:
    """A base's weights in host memory, as its files hold them."""

    tensors: tuple[tuple[str, Any], ...]
    size: int  # bytes
    seconds: float


class Reader:
    """One base at a time, on a thread of its own. Its owner is the engine's thread.

    `files` opens a base's tensors; `own` copies one into memory that stays (on machines with a
    GPU: pinned, which the GPU reads by itself).
    """

    def __init__(
        self, files: Callable[[str], Tensors], own: Callable[[Any], Any], budget: int
    ) -> None:
        self._files = files
        self._own = own
        self._budget = budget  # bytes of one base; what is larger is left on disk
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read ahead")
        self._base: str | None = None
        self._unwanted = threading.Event()
        self._reading: Future[Read] | None = None

    @property
    def base(self) -> str | None:
        """What is being read, or was and has not been taken."""
        return self._base

    def expect(self, base: str | None) -> None:
        """Starts to read a base; what was being read and is not wanted any more is let go."""
        if base == self._base:
            return
        self._unwanted.set()
        self._base, self._reading = base, None
        if base is not None:
            self._unwanted = threading.Event()
            self._reading = self._thread.submit(self._read, base, self._unwanted)

    def take(self, base: str) -> Read | None:
        """The weights if they were expected, waiting for the rest of them; None if not, or if
        they were too large. Raises what reading raised."""
        if base != self._base or self._reading is None:
            return None
        reading, self._base, self._reading = self._reading, None, None
        with contextlib.suppress(Unread):
            return reading.result()
        return None

    def ready(self) -> str | None:
        """The base whose weights have been read and wait to be taken."""
        done = self._reading is not None and self._reading.done()
        return self._base if done else None

    def close(self) -> None:
        self._unwanted.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _read(self, base: str, unwanted: threading.Event) -> Read:
        started = time.perf_counter()
        tensors: list[tuple[str, Any]] = []
        size = 0
        for name, tensor in self._files(base):
            size += tensor.nbytes
            if unwanted.is_set() or size > self._budget:
                raise Unread(base)
            tensors.append((name, self._own(tensor)))
        return Read(tuple(tensors), size, time.perf_counter() - started)


def bytes_on_disk(base: str) -> int:
    """Of a base's files; 0 for one that is not a folder here."""
    return sum(path.stat().st_size for path in weight_files(Path(base)) if path.is_file())
