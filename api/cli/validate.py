"""`convene validate`: whether the file that lists the experts is right, told before a start."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import terminal
from api.cli.ask import Json
from api.cli.config import BESIDE_US, Config
from api.cli.exits import WRONG
from experts.errors import RecordingError, RegistryError
from experts.registry import Document, read_document

if TYPE_CHECKING:
    from api.settings import Settings


Profiled = frozenset[str] | RecordingError | None  # None: there is no profile


@dataclass(frozen=True, slots=True)
class Validity:
    """What is to be said of a file; nothing is wrong without problems."""

    file: str
    experts: dict[str, int]  # how many of each kind
    problems: tuple[str, ...] = ()  # each with file, line and key
    notes: tuple[str, ...] = ()


def validate(
    file: Annotated[
        Path | None, typer.Argument(help="The file to check.", show_default="as --config")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Check the file that lists the experts, key by key; exits with 2 if anything is wrong.

    Environment variables and the files it names are looked at too. Nothing is started and nobody
    is asked: `convene experts check` goes on from here, with models, memory and engines.
    """
    found = checked(file or config or BESIDE_US)
    if json:
        terminal.document({"valid": not found.problems, **asdict(found)})
    else:
        terminal.text("\n".join(told(found)), end="\n")
    if found.problems:
        raise typer.Exit(WRONG)


def checked(path: Path) -> Validity:
    """All that can be known of a file by reading."""
    from api.settings import load_settings

    try:
        settings = load_settings(path)
    except RegistryError as error:
        return Validity(str(path), {}, tuple(str(error).splitlines()))
    document = read_document(path)
    kinds = Counter[str](card.kind for card in settings.experts.values())
    profiled = _profiled(settings)
    problems = tuple(
        f"{document.where(key)}: {'.'.join(map(str, key))}: {message}"
        for key, message in _problems(settings, profiled)
    )
    return Validity(str(path), dict(kinds), problems, tuple(_notes(settings, document, profiled)))


def told(found: Validity) -> list[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.experts.items())
    right = () if found.problems else (f"{found.file} is right: experts: {kinds}",)
    return [*found.problems, *found.notes, *right]


def _problems(settings: "Settings", profiled: Profiled) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Key and complaint."""
    from api.cli.checks import checked_embedder, checked_remote
    from experts.cards import VllmCard

    for name, card in settings.experts.items():
        if not isinstance(card, VllmCard):
            for problem in checked_remote(name, card).problems:
                yield ("experts", name), problem
    for name, embedder in settings.embedders.items():
        for problem in checked_embedder(embedder):
            yield ("embedders", name), problem
    if not _writable(settings.service.data):
        yield ("service", "data"), f"{settings.service.data} cannot be written"
    if isinstance(profiled, RecordingError):
        yield ("routing", "profile"), str(profiled)


def _notes(settings: "Settings", document: Document, profiled: Profiled) -> Iterator[str]:
    if profiled is None:
        yield "no routing.profile: experts are believed by their cards' skills, a little"
    if not isinstance(profiled, frozenset):
        return
    for name in settings.panellists:
        if name not in profiled:
            where = document.where(("experts", name))
            yield f"{where}: {name} is not in the profile {settings.routing.profile}"


def _profiled(settings: "Settings") -> Profiled:
    """Whom the profile knows, or what is wrong with it, by file and line."""
    from experts.recordings import read

    if (profile := settings.routing.profile) is None:
        return None
    try:
        return frozenset(expert for recording in read(profile) for expert in recording.replies)
    except RecordingError as error:
        return error


def _writable(folder: Path) -> bool:
    """Whether it is, or could be made."""
    there = next(above for above in (folder, *folder.absolute().parents) if above.exists())
    return there.is_dir() and os.access(there, os.W_OK)
