"""Which file the commands read."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experts.cards import Card

if TYPE_CHECKING:
    from api.settings import Settings

BESIDE_US = Path("convene.yaml")
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="CONVENE_CONFIG",
        help="The file that lists the experts.",
        show_default="./convene.yaml, else the built-in specialists",
    ),
]


def file_of(config: Path | None) -> Path | None:
    """The file named, or the one in this folder; None for the built-in specialists."""
    return BESIDE_US if config is None and BESIDE_US.exists() else config


def settings_of(config: Path | None) -> "Settings":
    """The settings of the file named, or of the one in this folder, or the built-in ones."""
    from api.settings import load_settings

    return load_settings(file_of(config))


def cards_of(config: Path | None) -> Mapping[str, Card]:
    return settings_of(config).experts
