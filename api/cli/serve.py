"""`convene serve`: the HTTP service."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.config import Config, file_of, settings_of
from api.listening import Demand, demand
from orchestrator.policies import POLICIES

if TYPE_CHECKING:
    from api.settings import Settings
    from api.telemetry.observers import Observers


def serve(
    config: Config = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="the file's")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on; 0 takes a free one.", show_default="the file's"),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Ask for no keys: everyone who can reach --host may ask."),
    ] = False,
    drain_seconds: Annotated[
        int, typer.Option(min=0, help="How long a stop waits for requests in flight.")
    ] = 30,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="What to log.")
    ] = "info",
    log_format: Annotated[
        Literal["text", "json"], typer.Option(help="Lines for people, or JSON objects.")
    ] = "text",
    log_file: Annotated[
        bool,
        typer.Option(
            "--log-file", help="Log into the data folder too, at most 50 MiB, for `convene logs`."
        ),
    ] = False,
    log_content: Annotated[
        bool,
        typer.Option(
            "--log-content", help="Log what exceptions say, which may quote questions and replies."
        ),
    ] = False,
) -> None:
    """Serve the experts behind an OpenAI-compatible endpoint."""
    settings = settings_of(config)
    import uvloop

    from api import logs
    from api.telemetry.exporting import exporting
    from api.telemetry.metrics import Metrics
    from api.telemetry.observers import Observers

    folder = settings.service.data / "logs" if log_file else None
    logs.configure(log_level, log_format, content=log_content, folder=folder)
    # uvicorn raises the signal again once all is drained: a stop that was asked for is no failure
    signal.signal(signal.SIGTERM, _stop)
    with exporting(settings.experts, os.environ) as exporters:
        observers = Observers(Metrics([*settings.experts, *POLICIES]), exporters)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(
                _serve(
                    settings,
                    file_of(config),
                    settings.service.host if host is None else host,
                    settings.service.port if port is None else port,
                    observers,
                    insecure=insecure,
                    drain_seconds=drain_seconds,
                )
            )


async def _serve(
    settings: "Settings",
    file: Path | None,
    host: str,
    port: int,
    observers: "Observers",
    *,
    insecure: bool,
    drain_seconds: int,
) -> None:
    from api import server
    from api.build import opened
    from api.keys.demand import demanded
    from api.roster.following import Source
    from api.storage import connected

    keys, source = demand(host, insecure=insecure), Source(file)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, source.hurry.set)
    async with AsyncExitStack() as stack:
        if keys is Demand.ALWAYS:
            await demanded(await stack.enter_async_context(connected(settings)), host)
        await server.serve(
            lambda: opened(settings, demand=keys, observer=observers, source=source),
            host=host,
            port=port,
            insecure=insecure,
            drain_seconds=drain_seconds,
            observers=observers,
        )


def _stop(_signal: int, _frame: object) -> None:
    raise SystemExit(0)
