"""`convene eval`: policies replayed over recorded answers."""

import asyncio
import json as json_format
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.files import writable
from api.cli.progress import bars

if TYPE_CHECKING:
    from orchestrator.evaluation import Report
    from orchestrator.policies import Policy

EVIDENCE = ("validation",)


def evaluate(
    files: Annotated[list[Path], typer.Argument(help="Recorded answers, JSON lines or .gz.")],
    policy: Annotated[
        list[str] | None, typer.Option("--policy", "-p", help="Policies; all if none is named.")
    ] = None,
    evidence: Annotated[
        list[str] | None, typer.Option(help="Splits to learn from.", show_default="validation")
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="OUT", help="Write the result here as well.", callback=writable
        ),
    ] = None,
) -> None:
    """Replay recorded answers: learn from one split, report on split `test`."""
    report = asyncio.run(_evaluate(files, policies(policy), tuple(evidence or EVIDENCE)))
    terminal.table(table(report))
    if json is not None:
        json.write_text(json_format.dumps(report.as_json(), indent=2), "utf-8")
        terminal.note(f"the same as JSON: {json}")


def policies(names: Sequence[str] | None) -> dict[str, "Policy"]:
    """The policies of these names; refuses one that does not exist."""
    from orchestrator.policies import POLICIES

    for name in names or ():
        if name not in POLICIES:
            raise typer.BadParameter(f"no policy named {name!r}; use one of {', '.join(POLICIES)}")
    return {name: POLICIES[name] for name in names or POLICIES}


async def _evaluate(
    files: Sequence[Path], chosen: dict[str, "Policy"], evidence: Sequence[str]
) -> "Report":
    from api.settings import HOME
    from experts.recordings import read
    from orchestrator import evaluation
    from orchestrator.agreement import Mathematics, MeaningComparer
    from routing.encoder import CachedEncoder, SentenceEncoder

    recordings = await asyncio.to_thread(lambda: [r for file in files for r in read(file)])
    splits = evaluation.Splits.of(recordings, evidence)
    sentences = SentenceEncoder(threads=os.cpu_count() or 1)  # no engine wants them now
    encoder = CachedEncoder(sentences, HOME / "embeddings" / sentences.name)
    async with Mathematics() as mathematics:
        comparer = MeaningComparer(encoder, mathematics)
        with bars() as advance:
            return await evaluation.evaluate(splits, chosen, encoder, advance, comparer)


def table(report: "Report") -> Table:
    """Policies by accuracy, between the best single expert and the oracle."""
    results = sorted(report.policies.items(), key=lambda item: -item[1].accuracy)
    shown = Table("policy", "accuracy", "95 % interval", "calls", "dollars")
    for name, result in results:
        low, high = result.ci95
        cost = "" if result.cost_usd is None else f"{result.cost_usd:.6f}"
        interval = f"{low:.1%} to {high:.1%}"
        shown.add_row(Text(name), f"{result.accuracy:.2%}", interval, f"{result.calls:.2f}", cost)
    shown.add_section()
    best = report.as_json()["best_single_expert"]
    shown.add_row(Text(f"best single, in hindsight ({best})"), f"{report.best_single:.2%}")
    shown.add_row("oracle (any expert right)", f"{report.oracle:.2%}")
    questions = results[0][1].questions if results else 0
    shown.caption = f"{questions} questions; {report.skipped} could not be graded"
    return shown
