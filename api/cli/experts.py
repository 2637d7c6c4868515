"""`convene experts`: the cards of the file, and whether they can work."""

from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.ask import Json
from api.cli.config import Config, cards_of

app = typer.Typer(help="Show the experts, and check whether they can work.", no_args_is_help=True)


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
def check(config: Config = None, json: Json = False) -> None:
    """Check each expert without starting it; exits with 1 if any cannot work."""
    from api.cli.checks import checked

    with terminal.working("checking the experts"):
        findings = checked(cards_of(config))
    if json:
        terminal.document([{**asdict(finding), "works": finding.works} for finding in findings])
    else:
        table = Table("", "expert", "kind", "family", "remarks")
        for finding in findings:
            mark = Text("ok", "green") if finding.works else Text("fails", "red")
            remarks = Text("\n".join((*finding.problems, *finding.notes)))
            table.add_row(mark, Text(finding.expert), finding.kind, finding.family or "", remarks)
        terminal.table(table)
    if not all(finding.works for finding in findings):
        raise typer.Exit(1)
