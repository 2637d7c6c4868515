"""`convene ask`: one question, answered here."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import terminal
from api.cli.config import Config, settings_of
from api.cli.started import started
from api.running import Service, named
from experts.types import Chunk, Prompt
from orchestrator.story import story
from orchestrator.types import Event, Listener, Request, Verdict, Working

if TYPE_CHECKING:
    from rich.status import Status

Question = Annotated[str, typer.Argument(help="What to ask.", show_default=False)]
Model = Annotated[
    str, typer.Option("--model", "-m", help="A policy such as vote, or one expert's name.")
]
Json = Annotated[bool, typer.Option("--json", help=terminal.JSON_HELP)]


def ask(
    question: Question,
    model: Model = "auto",
    config: Config = None,
    json: Json = False,
    stream: Annotated[bool, typer.Option(help="Show the text as it comes.")] = True,
) -> None:
    """Ask a question and print the verdict; who gave it goes to stderr."""
    asked(question)
    verdict = asyncio.run(_ask(question, model, config, live=stream and not json))
    if json:
        terminal.document(document(verdict))
    else:
        terminal.text("" if stream else verdict.text, end="\n")
        terminal.note(summary(verdict))


def asked(question: str) -> None:
    """Refuses what is no question."""
    if not question.strip():
        raise typer.BadParameter("the question is empty; ask something")


async def _ask(question: str, model: str, config: Path | None, *, live: bool) -> Verdict:
    async with started(settings_of(config)) as service:
        with terminal.working("asking") as status:
            return await answer(service, question, model, shown(status, live=live))


async def answer(service: Service, question: str, model: str, listener: Listener) -> Verdict:
    """The verdict; everything that comes before it is shown."""
    return await service.answer(Request(Prompt.of(question), named(model, service)), listener)


def shown(status: "Status", *, live: bool) -> Listener:
    """Shows work on stderr and, if live, text on stdout."""

    async def show(events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case Working(doing):
                    status.update(doing)
                case Chunk(piece) if live:
                    status.stop()  # a spinner and text cannot share the terminal
                    terminal.text(piece)

    return show


def document(verdict: Verdict) -> dict[str, Any]:
    return {"text": verdict.text, **story(verdict)}


def summary(verdict: Verdict) -> str:
    experts = ", ".join(dict.fromkeys(reply.expert for reply in verdict.replies))
    return (
        f"{verdict.route.policy}: {experts}; by {verdict.author} ({verdict.aggregator}), "
        f"agreement {verdict.agreement:.0%}, confidence {verdict.confidence:.0%}, "
        f"{verdict.calls} calls in {verdict.timings.total:.1f} s"
    )
