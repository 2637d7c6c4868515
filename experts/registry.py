"""Reads the registry file: YAML with `${NAME}` from the environment, checked key by key.

Every complaint names file, line and key, and says what would be right.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from experts.complaints import Key, complaint
from experts.errors import RegistryError

Model = TypeVar("Model", bound=BaseModel)
# $$ is a plain dollar; a brace that names nothing is found too, to be complained about
VARIABLE = re.compile(r"\$(\$|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{[^}]*\}?)")


@dataclass(slots=True)
class Document:
    """A YAML document as plain values, with the line each key stands on."""

    path: Path
    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def where(self, key: Key) -> str:
        """`file:line`, of the key itself or of the nearest one above it."""
        while key and key not in self.lines:
            key = key[:-1]
        return f"{self.path}:{self.lines.get(key, 1)}"

    def complain(self, key: Key, message: str) -> None:
        name = ".".join(str(part) for part in key)
        self.complaints.append(f"{self.where(key)}: {name + ': ' if name else ''}{message}")

    def raise_complaints(self) -> None:
        if self.complaints:
            raise RegistryError("\n".join(self.complaints))


def load(path: Path, model: type[Model], environ: Mapping[str, str] = os.environ) -> Model:
    """The file as `model`, or a `RegistryError` that lists everything wrong with it."""
    document = read_document(path, environ)
    try:
        return model.model_validate(document.data, context={"folder": path.parent})
    except ValidationError as error:
        schema = model.model_json_schema()
        for problem in error.errors():
            document.complain(*complaint(problem, document.data, schema))
    document.raise_complaints()
    raise AssertionError  # pydantic raises no error without a problem


def read_document(path: Path, environ: Mapping[str, str] = os.environ) -> Document:
    """The file as plain values, or a `RegistryError` that lists what is no YAML or not set."""
    document = Document(path)
    root = _composed(path)
    if root is None:
        raise RegistryError(f"{path}:1: the file is empty; list your experts under 'experts:'")
    try:
        document.data = _value(root, (), document, environ)
    except RecursionError:
        document.complain((), "an alias (*) stands inside what it refers to; write it out")
    document.raise_complaints()
    if not isinstance(document.data, dict):
        raise RegistryError(f"{path}:1: expected keys such as 'experts:', found something else")
    return document


def _composed(path: Path) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RegistryError(f"{path}: is not UTF-8 text: {error.reason}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RegistryError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise RegistryError(f"{path}: not valid YAML: {error}") from error
    return root


def _value(node: yaml.Node, key: Key, document: Document, environ: Mapping[str, str]) -> Any:
    document.lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, document, environ)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*key, i), document, environ) for i, item in enumerate(node.value)]
    try:
        plain = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        document.complain(key, f"is no plain value ({node.tag}); put it in quotes")
        return ""
    return _expand(plain, key, document, environ) if isinstance(plain, str) else plain


def _mapping(
    node: yaml.MappingNode, key: Key, document: Document, environ: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name_node, value_node in node.value:
        name = str(name_node.value)
        document.lines[*key, name] = name_node.start_mark.line + 1
        if name in values:
            document.complain((*key, name), "is written twice; keep one of them")
        values[name] = _value(value_node, (*key, name), document, environ)
    return values


def _expand(text: str, key: Key, document: Document, environ: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        if match[2] is None:
            document.complain(
                key, "'${' starts a variable's name: write ${NAME}, or $${ for a '${'"
            )
        elif match[2] not in environ:
            document.complain(key, f"environment variable {match[2]} is not set; set it")
        else:
            return environ[match[2]]
        return ""

    return VARIABLE.sub(replace, text)
