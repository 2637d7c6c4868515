"""`convene batch`: a file of questions in, a file of verdicts out."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.cli import terminal
from api.cli.config import Config, settings_of
from api.cli.exits import FAILED
from api.cli.files import writable
from api.cli.progress import bars
from api.cli.started import started
from api.running import Service, named
from experts.errors import RecordingError
from experts.types import Prompt, Sampling
from orchestrator.errors import OrchestratorError
from orchestrator.story import story
from orchestrator.types import Request, Verdict

if TYPE_CHECKING:
    from api.settings import Settings


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


def batch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="JSON lines with `question`.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="One verdict a line, as JSON.", callback=writable)
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="A policy or an expert.")] = "auto",
    config: Config = None,
) -> None:
    """Answer a file of questions, grouped by expert. A line that fails says why in its place."""
    asked = list(lines(source))
    failed = asyncio.run(_batch(asked, model, settings_of(config), target))
    terminal.note(f"{len(asked) - failed} answered, {failed} failed: {target}")
    if failed:
        raise typer.Exit(FAILED)


def lines(source: Path) -> Iterator[Asked]:
    """The questions of a file; a line that is none carries its error."""
    try:
        text = source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{source}: cannot be read: {error}") from error
    for number, raw in enumerate(text.split("\n"), start=1):  # JSON may hold other line ends
        if raw.strip():
            yield _asked(number, raw)


def _asked(number: int, raw: str) -> Asked:
    try:
        return Asked(number, Line.model_validate_json(raw))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Asked(number, None, f"line {number}: {where + ': ' if where else ''}{first['msg']}")


async def _batch(asked: Sequence[Asked], model: str, settings: "Settings", target: Path) -> int:
    failed = 0
    async with started(settings) as service:
        # Only now: what does not start must not cost the verdicts of an earlier run.
        out = await asyncio.to_thread(target.open, "w", encoding="utf-8")
        with out, bars() as advance:
            async for done, result in _results(service, asked, model):
                failed += "error" in result
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
                advance("answering", done, len(asked))
    return failed


async def _results(
    service: Service, asked: Sequence[Asked], model: str
) -> AsyncIterator[tuple[int, Mapping[str, Any]]]:
    """(how many are done, result), as questions finish."""
    good = [item for item in asked if item.line is not None]
    done = 0
    for item in asked:
        if item.line is None:
            done += 1
            yield done, {"id": item.id, "error": item.error}
    requests = [_request(item.line, model, service) for item in good if item.line]
    async for place, verdict in service.answer_all(requests):
        done += 1
        yield done, _result(good[place], verdict)


def _request(line: Line, model: str, service: Service) -> Request:
    sampling = Sampling(max_tokens=line.max_tokens)
    chosen = named(line.model or model, service)
    return Request(Prompt.of(line.question, sampling), chosen, tuple(line.options))


def _result(asked: Asked, verdict: Verdict | OrchestratorError) -> Mapping[str, Any]:
    if isinstance(verdict, OrchestratorError):
        return {"id": asked.id, "error": str(verdict)}
    told = story(verdict)
    return {"id": asked.id, "text": verdict.text, "answer": verdict.answer, "convene": told}
