"""Paths in the registry file: relative ones start at the file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo


def _beside_file(value: Path, info: ValidationInfo) -> Path:
    """Relative paths start at the registry file, wherever the command was typed."""
    base = (info.context or {}).get("folder")
    return Path(base) / value if base is not None else value


def _model_beside_file(value: str, info: ValidationInfo) -> str:
    """A model is a folder when written `./x`, `../x` or `/x`, else a hub's name."""
    if not value.startswith(("./", "../", "/")):
        return value
    folder = _beside_file(Path(value), info)
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    return str(folder.resolve())


def _must_exist(value: Path) -> Path:
    """Looked up at once, so that a missing file is reported with its line in the registry."""
    if not value.is_file():
        raise ValueError(f"no such file: {value}")
    return value


FilePath = Annotated[Path, AfterValidator(_beside_file)]
ExistingFile = Annotated[FilePath, AfterValidator(_must_exist)]
ModelPath = Annotated[str, AfterValidator(_model_beside_file)]
