"""`convene batch`: a file of questions in, a file of verdicts out, however long they are."""

import asyncio
import math
import os
from contextlib import aclosing
from io import FileIO
from os.path import samestat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import terminal
from api.cli.config import Config, settings_of
from api.cli.exits import FAILED
from api.cli.files import writable
from api.cli.started import started
from api.running import Service

if TYPE_CHECKING:
    from api.cli.journal import Journal
    from api.settings import Settings

TRIES = 3  # of a line that failed for a reason that may pass: somebody waits for the command


def batch(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="JSON lines with `question`; - is standard input.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="One verdict a line, as JSON.", callback=writable)
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="A policy or an expert.")] = "auto",
    config: Config = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask every line, also those that OUT has answers to.")
    ] = False,
) -> None:
    """Answer a file of questions, grouped by expert; run again, it goes on where it was.

    Requests in the format of OpenAI's batches are taken too. A line that fails says why; results
    come in the order they are known, each with its line's `id` or number. What OUT has answers to
    is not asked.
    """
    from api.cli.lines import opened

    with opened(source) as file:
        if target.is_file() and samestat(target.stat(), os.fstat(file.fileno())):
            raise typer.BadParameter(f"{target} is the file that is read; name another to write")
        journal = asyncio.run(_batch(file, source, target, model, settings_of(config), fresh=fresh))
    had = f", {journal.kept} were there" if journal.kept else ""
    answered = journal.done - journal.failed
    terminal.note(f"{answered} answered, {journal.failed} failed{had}: {target}")
    if journal.failed:
        raise typer.Exit(FAILED)


async def _batch(
    file: FileIO, source: Path, target: Path, model: str, settings: "Settings", *, fresh: bool
) -> "Journal":
    from api.cli.journal import Journal, before
    from api.cli.progress import bars

    async with started(settings) as service:
        # Only now: what does not start must not cost the verdicts of an earlier run. Line by line,
        # so that whatever ends this leaves whole lines; half an emoji is written as its escape.
        known = await asyncio.to_thread(before, source, target, model, fresh=fresh)
        out = await asyncio.to_thread(
            target.open, known.mode, buffering=1, encoding="utf-8", errors="backslashreplace"
        )
        with out, bars() as advance:
            journal = Journal(out, model, advance, known)
            # What came through a pipe has its result at once: nobody knows when the rest comes.
            await answer(service, file, journal, 1 if known.lines is None else TRIES)
    return journal


async def answer(service: Service, file: FileIO, journal: "Journal", tries: int) -> None:
    """Every line's result, as questions finish."""
    from api.batches.engine import Engine
    from api.batches.jsonl import numbered
    from api.cli.lines import blocks

    async with (
        aclosing(blocks(file)) as read,
        aclosing(numbered(read)) as lines,
        aclosing(journal.pending(lines)) as pending,
    ):
        await Engine(service, journal, most=tries, held=math.inf).answer(pending)
