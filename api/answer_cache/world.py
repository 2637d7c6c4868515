"""All that an answer depends on beside its request, as one digest."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from api.settings import Settings


def world(settings: Settings) -> str:
    """Of the settings and of the files that they name. Reads files."""
    digest = hashlib.sha256(settings.model_dump_json().encode())
    for path in _files(settings):
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"-")
    return digest.hexdigest()


def _files(settings: Settings) -> Iterator[Path]:
    if settings.routing.profile is not None:
        yield settings.routing.profile
    for card in settings.experts.values():
        if card.kind == "recorded":
            yield card.file
