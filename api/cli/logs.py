"""`convene logs`: what `convene serve --log-file` has written, and what it writes now."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import terminal
from api.cli.config import Config, settings_of
from api.logfiles import Tail, newest, written

POLL_SECONDS = 0.2
HEAD = ("time", "level", "logger", "request", "message", "error")
Line = dict[str, Any]


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def logs(
    config: Config = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last.")] = 50,
    level: Annotated[Level, typer.Option(help="The least that is shown.")] = Level.DEBUG,
    request_id: Annotated[
        str | None,
        typer.Option(
            help="Of one request: its `x-request-id`, or the caller's own.", show_default="any"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The lines as they were written.")] = False,
) -> None:
    """Show the log of services that run, or ran, with `--log-file` on this data folder."""
    folder = settings_of(config).service.data / "logs"
    if not follow and not written(folder):
        raise typer.BadParameter(f"nothing is logged in {folder}; see `convene serve --log-file`")
    wanted = wanting(level, request_id)
    with ExitStack() as open_:
        tails = Tails(open_)
        for line in last(written(folder), tails, lines, wanted):
            _show(line, json)
        while follow:
            time.sleep(POLL_SECONDS)
            for path in newest(folder):
                for line in read(tails[path].lines(), wanted):
                    _show(line, json)


class Tails(dict[Path, Tail]):
    """A tail of every file that is asked for, closed with `open_`."""

    def __init__(self, open_: ExitStack) -> None:
        self._open = open_

    def __missing__(self, path: Path) -> Tail:
        self[path] = tail = self._open.enter_context(closing(Tail(path)))
        return tail


def wanting(level: Level, request: str | None) -> Callable[[Line], bool]:
    """Whether a line is to be shown."""
    levels = [*Level]
    shown = levels[levels.index(level) :]
    return lambda line: (
        line.get("level") in shown
        and (request is None or request in (line.get("request"), line.get("label")))
    )


def read(raw: Iterable[bytes], wanted: Callable[[Line], bool]) -> Iterator[Line]:
    """The lines that are wanted; what a crash has cut off is left out."""
    for text in raw:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and wanted(line):
            yield line


def last(
    paths: Sequence[Path], tails: Tails, count: int, wanted: Callable[[Line], bool]
) -> list[Line]:
    """The newest lines of all files, in order of time. The tails go on where this ends."""
    found: list[Line] = []
    for path in paths:
        current = path.suffix == ".jsonl"
        raw = tails[path].lines() if current else path.read_bytes().splitlines()
        found += deque(read(raw, wanted), maxlen=count)
    found.sort(key=lambda line: str(line.get("time")))
    return found[len(found) - min(count, len(found)) :]


def _show(line: Line, as_json: bool) -> None:
    terminal.text(json.dumps(line) if as_json else told(line), end="\n")


def told(line: Line) -> str:
    """For people: the words first, then the fields, a traceback below."""
    moment = str(line.get("time", ""))[:23].replace("T", " ")
    level, request = str(line.get("level", "")).upper(), line.get("request", "-")
    fields = " ".join(f"{name}={value}" for name, value in line.items() if name not in HEAD)
    words = f"{moment} {level:7} [{request}] {line.get('message', '')}  {fields}".rstrip()
    return f"{words}\n{line['error']}" if "error" in line else words
