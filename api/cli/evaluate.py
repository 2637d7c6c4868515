"""`convene eval`: policies replayed over recorded answers."""

import asyncio
import json as json_format
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import terminal
from api.cli.files import writable
from api.cli.progress import bars

if TYPE_CHECKING:
    from orchestrator.evaluation import Report
    from orchestrator.policies import Policy

EVIDENCE = ("validation",)
NOTHING = "none"  # as --evidence: learn nothing
PAGE = "report.html"


def page_path(path: Path | None) -> Path | None:
    """The page, or the folder that it and its charts go into; made here if there is none."""
    if path is None or path.suffix == ".html":
        return writable(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"no folder can be made at {path}: {error.strerror}") from error
    writable(path / PAGE)
    return path


def evaluate(
    files: Annotated[list[Path], typer.Argument(help="Recorded answers, JSON lines or .gz.")],
    policy: Annotated[
        list[str] | None, typer.Option("--policy", "-p", help="Policies; all if none is named.")
    ] = None,
    evidence: Annotated[
        list[str] | None,
        typer.Option(help="Splits to learn from, or 'none'.", show_default="validation"),
    ] = None,
    experts: Annotated[
        list[str] | None,
        typer.Option(help="Only these experts: names or patterns (*-8B-*), commas between."),
    ] = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CATEGORY",
            help="Report on this category, learn from the others alone; 'each' for all in turn.",
        ),
    ] = None,
    frontier: Annotated[
        bool,
        typer.Option("--frontier", help="Compare with every baseline at equal calls and cost."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Write a page: FILE.html, or a folder, for its charts as well.",
            callback=page_path,
        ),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="OUT", help="Write the result here as well.", callback=writable
        ),
    ] = None,
) -> None:
    """Replay recorded answers: learn from one split, report on split `test`."""
    from api.report import tables

    kept = [name.strip() for names in experts or () for name in names.split(",")]
    splits = tuple(name for name in evidence or EVIDENCE if name != NOTHING)
    found = asyncio.run(_evaluate(files, policies(policy), splits, kept, hold_out or (), frontier))
    terminal.table(*tables.of(found))
    if json is not None:
        json.write_text(json_format.dumps(found.as_json(), indent=2), "utf-8")
        terminal.note(f"the same as JSON: {json}")
    if report is not None:
        _write_page(found, report, ", ".join(file.name.partition(".")[0] for file in files))


def policies(names: Sequence[str] | None) -> dict[str, "Policy"]:
    """The policies of these names; refuses one that does not exist."""
    from orchestrator.policies import POLICIES

    for name in names or ():
        if name not in POLICIES:
            raise typer.BadParameter(f"no policy named {name!r}; use one of {', '.join(POLICIES)}")
    return {name: POLICIES[name] for name in names or POLICIES}


def _write_page(found: "Report", path: Path, title: str) -> None:
    from api.report.page import images, page

    target = path / PAGE if path.is_dir() else path
    target.write_text(page(found, title), "utf-8")
    if path.is_dir():
        for name, image in images(found).items():
            (path / name).write_text(image, "utf-8")
    terminal.note(f"the same as a page: {target}")


async def _evaluate(
    files: Sequence[Path],
    chosen: dict[str, "Policy"],
    evidence: Sequence[str],
    experts: Sequence[str],
    hold_out: Sequence[str],
    frontier: bool,
) -> "Report":
    from api.settings import HOME
    from experts.recordings import read
    from orchestrator import evaluation
    from orchestrator.agreement import Mathematics, MeaningComparer
    from routing.encoder import CachedEncoder, SentenceEncoder

    recordings = await asyncio.to_thread(lambda: [r for file in files for r in read(file)])
    if experts:
        recordings = evaluation.restricted(recordings, experts)
    splits = evaluation.Splits.of(recordings, evidence, hold_out)
    sentences = SentenceEncoder(threads=os.cpu_count() or 1)  # no engine wants them now
    encoder = CachedEncoder(sentences, HOME / "embeddings" / sentences.name)
    async with Mathematics() as mathematics:
        comparer = MeaningComparer(encoder, mathematics)
        with bars() as advance:
            return await evaluation.evaluate(
                splits,
                chosen,
                encoder,
                advance,
                comparer,
                with_frontier=frontier,
            )
