"""`convene route`: who would be asked, and why."""

import asyncio
from pathlib import Path

from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.ask import Json, Model, Question, asked
from api.cli.config import Config, settings_of
from api.cli.started import started
from api.running import named
from experts.types import Prompt
from orchestrator.story import route_story
from orchestrator.types import Request
from routing.types import Route


def route(
    question: Question, model: Model = "auto", config: Config = None, json: Json = False
) -> None:
    """Show who would be asked, and why, without asking."""
    asked(question)
    chosen = asyncio.run(_route(question, model, config))
    if json:
        terminal.document(route_story(chosen))
    else:
        terminal.table(skills(chosen), candidates(chosen), *(Text(note) for note in chosen.notes))


async def _route(question: str, model: str, config: Path | None) -> Route:
    async with started(settings_of(config), dry=True) as service:
        return await service.route(Request(Prompt.of(question), named(model, service)))


def skills(route: Route) -> Text:
    """What the question is about, on one line."""
    named = ", ".join(f"{skill} {weight:.0%}" for skill, weight in route.skills)
    return Text(f"policy {route.policy}; skills: {named or 'none known'}")


def candidates(route: Route) -> Table:
    """Every eligible expert, best first, with what its score is made of."""
    table = Table("asked", "expert", "competence", "score", "= sum of")
    for candidate in route.candidates:
        times = [str(i) for i, name in enumerate(route.panel, 1) if name == candidate.expert]
        terms = "  ".join(f"{term.name} {term.value:+.3f}" for term in candidate.terms)
        table.add_row(
            ", ".join(times),
            Text(candidate.expert),
            f"{candidate.competence:.3f}",
            f"{candidate.score:+.3f}",
            Text(terms),
        )
    return table
