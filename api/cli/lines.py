"""The lines of a batch: questions read as they come, from a file, a pipe or standard input."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experts.errors import RecordingError

STDIN = Path("-")
BLOCK = 1 << 16  # bytes that are read at once


class Line(BaseModel):
    """One question of the input file."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1)
    id: str | None = None
    options: list[str] = Field([], max_length=26)
    model: str | None = None
    max_tokens: int | None = Field(None, ge=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A line that can be asked, or why it cannot."""

    number: int
    line: Line | None
    error: str | None = None

    @property
    def id(self) -> str:
        return (self.line.id if self.line else None) or str(self.number)


@contextmanager
def opened(source: Path) -> Iterator[FileIO]:
    """The file, which must be there before anything is started. Raises `RecordingError`."""
    try:
        file = FileIO(0, closefd=False) if source == STDIN else FileIO(source)
    except OSError as error:
        raise RecordingError(f"{source}: cannot be read: {error.strerror}") from error
    with file:
        yield file


def count(source: Path) -> int | None:
    """How many lines there are to read; None where only reading them would tell."""
    if source == STDIN or not source.is_file():
        return None
    with source.open("rb") as file:
        return sum(1 for line in file if line.strip())


async def lines(file: FileIO) -> AsyncGenerator[Asked, None]:
    """Every line that is not blank; one that is no question carries its error."""
    number = 0
    pieces: list[bytes] = []  # of a line whose end has not come
    async for block in _blocks(file):
        first, *others = block.split(b"\n")  # JSON may hold other line ends
        pieces.append(first)
        if others:
            whole = [b"".join(pieces), *others[:-1]]
            pieces = others[-1:]
            for raw in whole:
                number += 1
                if raw.strip():
                    yield _asked(number, raw)
    if (raw := b"".join(pieces)).strip():
        yield _asked(number + 1, raw)


async def _blocks(file: FileIO) -> AsyncGenerator[bytes, None]:
    """What has come, as soon as it has."""
    while True:
        await _something_came(file)
        try:
            block = await asyncio.to_thread(file.read, BLOCK)
        except OSError as error:
            raise RecordingError(f"{file.name}: cannot be read: {error.strerror}") from error
        if block == b"":
            return
        yield block or b""  # None: somebody else has read it


async def _something_came(file: FileIO) -> None:
    """Returns when reading does not wait: a thread that waits for a pipe cannot be cancelled."""
    came = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(file, came.set)
    except PermissionError:  # an ordinary file, which never waits
        return
    try:
        await came.wait()
    finally:
        loop.remove_reader(file)


def _asked(number: int, raw: bytes) -> Asked:
    try:
        return Asked(number, Line.model_validate_json(raw))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Asked(number, None, f"line {number}: {where + ': ' if where else ''}{first['msg']}")
