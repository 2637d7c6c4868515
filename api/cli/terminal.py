"""Results on stdout, progress on stderr."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.status import Status

JSON_HELP = "Print JSON and nothing else."


def text(piece: str, *, end: str = "") -> None:
    """Writes to stdout at once. What is not Unicode, such as half an emoji, becomes '?'."""
    sys.stdout.write(piece.encode("utf-8", "replace").decode("utf-8") + end)
    sys.stdout.flush()


def document(value: Any) -> None:
    text(json.dumps(value, indent=2, ensure_ascii=False), end="\n")


def table(*parts: RenderableType) -> None:
    console = Console()
    for part in parts:
        console.print(part)


def note(message: str) -> None:
    Console(stderr=True).print(message, style="dim", markup=False, highlight=False)


@contextmanager
def working(doing: str) -> Iterator[Status]:
    """A spinner while something runs; nothing where stderr is no terminal."""
    with Console(stderr=True).status(doing) as status:
        yield status
