"""`convene demo`: the built-in specialists on questions they have never seen."""

import asyncio
import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.files import writable
from api.cli.progress import bars
from api.cli.started import started

if TYPE_CHECKING:
    from api.demo import Demo, Example


def demo(
    json: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="PATH", help="Write the result here as well.", callback=writable
        ),
    ] = None,
    questions: Annotated[int, typer.Option(min=8, help="How many held-out questions.")] = 480,
    seed: Annotated[int, typer.Option(help="Which questions are drawn.")] = 0,
) -> None:
    """Run the built-in specialists on held-out questions, each alone and as a panel."""
    shown = asyncio.run(_demo(questions, seed))
    terminal.table(accuracies(shown), *map(story, shown.examples))
    if json is not None:
        json.write_text(json_format.dumps(shown.as_json(), indent=2), "utf-8")
        terminal.note(f"the same as JSON: {json}")


async def _demo(count: int, seed: int) -> "Demo":
    from api.demo import demonstrate
    from api.settings import load_settings
    from experts.builtin.labelled import labelled

    held_out = labelled("test", count, seed)
    async with started(load_settings(None)) as service:
        with bars() as advance:
            return await demonstrate(service, held_out, advance)


def accuracies(shown: "Demo") -> Table:
    """Everyone alone, then what they are worth together."""
    table = Table("who", "right", title=f"{shown.questions} held-out questions")
    for expert, accuracy in sorted(shown.experts.items(), key=lambda item: -item[1]):
        table.add_row(Text(expert), f"{accuracy:.1%}")
    table.add_section()
    table.add_row("best single expert", f"{shown.best_single:.1%}")
    table.add_row(Text("the panel", "bold"), Text(f"{shown.panel:.1%}", "bold"))
    table.add_row("oracle (any expert right)", f"{shown.oracle:.1%}")
    table.add_section()
    table.add_row("calls per question", f"{shown.calls:.2f}")
    table.add_row("seconds, panel", f"{shown.panel_seconds:.1f}")
    table.add_row("seconds, everything", f"{shown.seconds:.1f}")
    return table


def story(example: "Example") -> Panel:
    """One question, from its skills to its verdict."""
    skills = ", ".join(f"{skill} {weight:.0%}" for skill, weight in example.skills.items())
    lines = [f"skills   {skills}"]
    lines += [f"{expert:<9}{reply}" for expert, reply in example.replies.items()]
    mark = "right" if example.right else f"wrong: it is {example.gold}"
    lines.append(f"verdict  {example.verdict}")
    lines.append(f"         by {example.aggregator}, {example.confidence:.0%} sure; {mark}")
    return Panel(Text("\n".join(lines)), title=Text(example.question), title_align="left")
