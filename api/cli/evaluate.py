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
    from experts.recordings import Recording
    from orchestrator.evaluation import Report, Splits
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
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Report on every question, in so many parts, each learned from others."
        ),
    ] = None,
    learn: Annotated[
        int | None, typer.Option(min=1, help="With --folds: learn from so many questions only.")
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
    from orchestrator.evaluation import Splits

    if folds is None and learn is not None:
        raise typer.BadParameter("--learn draws evidence for --folds; give both")
    if folds is not None and (evidence or hold_out):
        raise typer.BadParameter("--folds takes its evidence from every split; drop the others")
    recordings = _read(files, experts or ())
    if folds is None:
        learned = tuple(name for name in evidence or EVIDENCE if name != NOTHING)
        splits = Splits.of(recordings, learned, hold_out or ())
    else:
        splits = Splits.crossed(recordings, folds, learn)
    found = asyncio.run(_evaluate(splits, policies(policy), frontier))
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


def _read(files: Sequence[Path], experts: Sequence[str]) -> "list[Recording]":
    from experts.recordings import read
    from orchestrator.evaluation import restricted

    recordings = [recording for file in files for recording in read(file)]
    patterns = [name.strip() for names in experts for name in names.split(",")]
    return restricted(recordings, patterns) if patterns else recordings


async def _evaluate(splits: "Splits", chosen: dict[str, "Policy"], frontier: bool) -> "Report":
    from api.settings import HOME
    from orchestrator import evaluation
    from orchestrator.agreement import Mathematics, MeaningComparer
    from routing.encoder import CachedEncoder, SentenceEncoder

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
