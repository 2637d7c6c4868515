"""`convene batch`: a file of questions in, a file of verdicts out, however long they are."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from io import FileIO
from itertools import count as counting
from os.path import samestat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from api.cli import terminal
from api.cli.config import Config, settings_of
from api.cli.exits import FAILED
from api.cli.files import writable
from api.cli.lines import Asked, Line, count, lines, opened
from api.cli.progress import Advance, bars
from api.cli.started import started
from api.running import Service, named
from experts.types import Prompt, Sampling
from orchestrator.errors import OrchestratorError
from orchestrator.story import story
from orchestrator.types import Request, Verdict

if TYPE_CHECKING:
    from api.settings import Settings


@dataclass(slots=True)
class Results:
    """The results so far: each is a line of the file as soon as it is known."""

    out: TextIO
    advance: Advance
    of: int | None  # results there will be, where that is known
    done: int = 0
    failed: int = 0

    def add(self, result: Mapping[str, Any]) -> None:
        self.done += 1
        self.failed += "error" in result
        self.out.write(json.dumps(result, ensure_ascii=False) + "\n")
        self.advance("answering", self.done, self.of)


def batch(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="JSON lines with `question`; - is standard input.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="One verdict a line, as JSON.", callback=writable)
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="A policy or an expert.")] = "auto",
    config: Config = None,
) -> None:
    """Answer a file of questions, grouped by expert, as they are read. A line that fails says why;
    results come in the order they are known, each with its line's `id` or number."""
    with opened(source) as file:
        if target.is_file() and samestat(target.stat(), os.fstat(file.fileno())):
            raise typer.BadParameter(f"{target} is the file that is read; name another to write")
        work = _batch(file, target, count(source), model, settings_of(config))
        results = asyncio.run(work)
    terminal.note(f"{results.done - results.failed} answered, {results.failed} failed: {target}")
    if results.failed:
        raise typer.Exit(FAILED)


async def _batch(
    file: FileIO, target: Path, of: int | None, model: str, settings: "Settings"
) -> Results:
    async with started(settings) as service:
        # Only now: what does not start must not cost the verdicts of an earlier run. Line by line,
        # so that whatever ends this leaves whole lines; half an emoji is written as its escape.
        out = await asyncio.to_thread(
            target.open, "w", buffering=1, encoding="utf-8", errors="backslashreplace"
        )
        with out, bars() as advance:
            results = Results(out, advance, of)
            async with aclosing(lines(file)) as asked:
                await answer(service, asked, model, results)
    return results


async def answer(
    service: Service, asked: AsyncGenerator[Asked, None], model: str, results: Results
) -> None:
    """Every line's result, as questions finish."""
    waiting: dict[int, Asked] = {}  # by place among what the service is asked

    async def requests() -> AsyncGenerator[Request, None]:
        places = counting()
        async for item in asked:
            if item.line is None:
                results.add({"id": item.id, "error": item.error})
            else:
                waiting[next(places)] = item
                yield _request(item.line, model, service)

    async with (
        aclosing(requests()) as good,
        aclosing(service.answer_all(good)) as verdicts,
    ):
        async for place, verdict in verdicts:
            results.add(_result(waiting.pop(place), verdict))


def _request(line: Line, model: str, service: Service) -> Request:
    sampling = Sampling(max_tokens=line.max_tokens)
    chosen = named(line.model or model, service)
    return Request(Prompt.of(line.question, sampling), chosen, tuple(line.options))


def _result(asked: Asked, verdict: Verdict | OrchestratorError) -> Mapping[str, Any]:
    if isinstance(verdict, OrchestratorError):
        return {"id": asked.id, "error": str(verdict)}
    told = story(verdict)
    return {"id": asked.id, "text": verdict.text, "answer": verdict.answer, "convene": told}
