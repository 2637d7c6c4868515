"""The lines of a batch: questions read as they come, from a file, a pipe or standard input."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.batches import line as chat
from api.batches.batch import Problem
from api.batches.line import Askable, Result, result
from api.errors import ApiError
from api.running import Service, named
from experts.errors import RecordingError
from experts.types import Prompt, Sampling
from orchestrator.story import story
from orchestrator.types import Request, Verdict

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


class NotALine(ApiError):  # noqa: N818 - named for the state it reports
    """What stands in a line is no question."""


@dataclass(frozen=True, slots=True)
class Question:
    """A line that can be asked. `model` is for lines that name none."""

    number: int
    line: Line
    model: str

    def request(self, service: Service) -> Request:
        sampling = Sampling(max_tokens=self.line.max_tokens)
        chosen = named(self.line.model or self.model, service)
        prompt = Prompt.of(self.line.question, sampling)
        return Request(prompt, chosen, tuple(self.line.options))

    def result(self, outcome: Verdict | Exception) -> Result:
        id = self.line.id or str(self.number)
        if isinstance(outcome, Exception):
            return result({"id": id, "error": str(outcome)}, outcome)
        told = {"text": outcome.text, "answer": outcome.answer, "convene": story(outcome)}
        return result({"id": id, **told}, outcome)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that cannot be asked, and why."""

    number: int
    error: str

    def request(self, service: Service) -> Request:
        raise NotALine(self.error)

    def result(self, outcome: Verdict | Exception) -> Result:
        return Result({"id": str(self.number), "error": self.error}, failed=True)


@contextmanager
def opened(source: Path) -> Iterator[FileIO]:
    """The file, which must be there before anything is started. Raises `RecordingError`."""
    try:
        file = FileIO(0, closefd=False) if source == STDIN else FileIO(source)
    except OSError as error:
        raise RecordingError(f"{source}: cannot be read: {error.strerror}") from error
    with file:
        yield file


async def blocks(file: FileIO) -> AsyncGenerator[bytes, None]:
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


def asked(number: int, raw: bytes, model: str) -> Askable:
    """The line as it is asked: a question, or a request in the format of OpenAI's batches."""
    if b'"custom_id"' in raw and isinstance(fields := _fields(raw), dict) and "body" in fields:
        line = chat.read(number, raw)
        if isinstance(line, Problem):
            return Wrong(number, f"line {number}: {line.message}")
        return line
    try:
        return Question(number, Line.model_validate_json(raw), model)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Wrong(number, f"line {number}: {where + ': ' if where else ''}{first['msg']}")


def _fields(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None


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
