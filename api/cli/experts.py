"""`convene experts`: the cards of the file, and whether they can work."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.ask import Json
from api.cli.config import Config, cards_of, settings_of

app = typer.Typer(help="Show the experts, and check whether they can work.", no_args_is_help=True)
GpuMemory = Annotated[
    float | None,
    typer.Option(
        "--gpu-memory-gib",
        min=0.1,
        help="Memory of one GPU, to tell what fits. None is touched.",
        show_default="not told",
    ),
]


@app.command("list")
def listed(config: Config = None, json: Json = False) -> None:
    """List the experts of the file."""
    cards = cards_of(config)
    if json:
        terminal.document(
            [{"expert": name, **card.model_dump(mode="json")} for name, card in cards.items()]
        )
        return
    table = Table("expert", "kind", "model", "skills", "description")
    for name, card in cards.items():
        model = str(getattr(card, "model", ""))
        cells = (name, card.kind, model, ", ".join(card.skills), card.description)
        table.add_row(*(Text(cell) for cell in cells))
    terminal.table(table)


@app.command()
def check(config: Config = None, gpu_memory_gib: GpuMemory = None, json: Json = False) -> None:
    """Check each expert without starting it; exits with 1 if any cannot work.

    Tells the memory that local models need, and which of them share an engine.
    """
    from api.cli.checks import checked_here
    from api.cli.findings import document, tables

    with terminal.working("checking the experts"):
        report = checked_here(settings_of(config), gpu_gib=gpu_memory_gib)
    if json:
        terminal.document(document(report))
    else:
        terminal.table(*tables(report))
    if not report.works:
        raise typer.Exit(1)
