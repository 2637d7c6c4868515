"""`convene --version`."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer


def _print(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convene {_installed()}")
        raise typer.Exit


def _installed() -> str:
    try:
        return version("convene")
    except PackageNotFoundError:
        return "(not installed: run from its source)"


def version_option(
    version: Annotated[
        bool, typer.Option("--version", callback=_print, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Answers each question with the right panel of LLMs."""
