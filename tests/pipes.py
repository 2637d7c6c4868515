"""A file that cannot be read to its end: whoever opens it is seen, and waits."""

import asyncio
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pipe:
    file: Path

    async def opened(self, seconds: float = 30.0) -> None:
        """Returns as soon as somebody tries to read the file, who then finds nothing in it."""
        async with asyncio.timeout(seconds):
            while not self._has_reader():  # noqa: ASYNC110 - it sets no event here
                await asyncio.sleep(0.005)

    def _has_reader(self) -> bool:
        try:
            os.close(os.open(self.file, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:  # nobody reads
                raise
            return False
        return True


@contextmanager
def piped(file: Path) -> Iterator[Pipe]:
    """The file is a pipe until the context ends, and then what it was."""
    aside = file.rename(file.with_suffix(".aside"))
    os.mkfifo(file)
    try:
        yield Pipe(file)
    finally:
        aside.replace(file)
