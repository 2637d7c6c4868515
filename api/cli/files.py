"""Files that commands write: looked at before the work, not after it."""

from pathlib import Path

import typer


def writable(path: Path | None) -> Path | None:
    """Refuses a file that could not be written in the end; hours of asking may lie between."""
    if path is None:
        return None
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file in it")
    if not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.resolve().parent}; make it first")
    try:
        path.open("ab").close()
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from error
    return path
