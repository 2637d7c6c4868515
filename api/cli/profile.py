"""`convene profile`: every expert answers labelled questions, and its answers are kept."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.config import Config, settings_of
from api.cli.files import writable
from api.cli.progress import bars
from api.cli.started import started
from experts.errors import RecordingError
from experts.recordings import Recording, read, write

BUILTIN_QUESTIONS = 480


def profile(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write; .gz compresses.", callback=writable)
    ],
    labelled: Annotated[
        Path | None,
        typer.Argument(
            help="Questions with `gold` and `category`, JSON lines.",
            show_default="the built-in validation questions",
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Ask every expert labelled questions; name the file under `routing.profile` to route by it."""
    questions = _questions(labelled)
    profiled = asyncio.run(_profile(questions, config))
    write(out, profiled)
    terminal.table(summary(profiled))
    terminal.note(f"wrote {out}")


def _questions(path: Path | None) -> list[Recording]:
    from experts.builtin.labelled import labelled

    if path is None:
        return labelled("validation", BUILTIN_QUESTIONS)
    questions = [question for question in read(path) if question.gold is not None]
    if not questions:
        raise RecordingError(f"{path}: no question has a 'gold' answer; nothing can be graded")
    return questions


async def _profile(questions: Sequence[Recording], config: Path | None) -> list[Recording]:
    from orchestrator import profiling

    settings = settings_of(config)  # the profile it names may be the one to be written
    routing = settings.routing.model_copy(update={"profile": None})
    async with started(settings.model_copy(update={"routing": routing})) as service:
        with bars() as advance:
            return await profiling.profile(
                service, questions, service.experts, lambda done, of: advance("asking", done, of)
            )


def summary(profiled: Sequence[Recording]) -> Table:
    """Right answers per expert and skill."""
    skills = sorted({str(question.category) for question in profiled})
    experts = sorted({expert for question in profiled for expert in question.replies})
    right, asked = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for question in profiled:
        for expert, reply in question.replies.items():
            right[expert, str(question.category)] += int(reply.score == 1)
            asked[expert, str(question.category)] += 1
    table = Table("expert", *skills)
    for expert in experts:
        cells = [f"{right[expert, s] / max(asked[expert, s], 1):.0%}" for s in skills]
        table.add_row(Text(expert), *cells)
    return table
