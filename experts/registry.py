"""Reads the registry file: YAML with `${NAME}` from the environment, checked key by key.

Every complaint names file, line and key, and says what would be right.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from experts.errors import RegistryError

Model = TypeVar("Model", bound=BaseModel)
Key = tuple[str | int, ...]
VARIABLE = re.compile(r"\$(\$|\{([A-Za-z_][A-Za-z0-9_]*)\})")  # $$ is a plain dollar


@dataclass(slots=True)
class Document:
    """A YAML document as plain values, with the line each key stands on."""

    path: Path
    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)

    def where(self, key: Key) -> str:
        """`file:line`, of the key itself or of the nearest one above it."""
        while key and key not in self.lines:
            key = key[:-1]
        return f"{self.path}:{self.lines.get(key, 1)}"

    def error(self, key: Key, message: str) -> RegistryError:
        name = ".".join(str(part) for part in key)
        return RegistryError(f"{self.where(key)}: {name + ': ' if name else ''}{message}")


def load(path: Path, model: type[Model], environ: Mapping[str, str] = os.environ) -> Model:
    """The file as `model`, or a `RegistryError` that lists everything wrong with it."""
    document = _read(path, environ)
    try:
        return model.model_validate(document.data, context={"folder": path.parent})
    except ValidationError as error:
        complaints = [str(complaint) for complaint in _complaints(document, model, error)]
        raise RegistryError("\n".join(complaints)) from error


def _read(path: Path, environ: Mapping[str, str]) -> Document:
    document = Document(path)
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RegistryError(f"{path}: is not UTF-8 text: {error.reason}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RegistryError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    if root is None:
        raise RegistryError(f"{path}:1: the file is empty; list your experts under 'experts:'")
    document.data = _value(root, (), document, environ)
    if not isinstance(document.data, dict):
        raise RegistryError(f"{path}:1: expected keys such as 'experts:', found a plain value")
    return document


def _value(node: yaml.Node, key: Key, document: Document, environ: Mapping[str, str]) -> Any:
    document.lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, document, environ)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*key, i), document, environ) for i, item in enumerate(node.value)]
    plain = yaml.SafeLoader("").construct_object(node)
    return _expand(plain, key, document, environ) if isinstance(plain, str) else plain


def _mapping(
    node: yaml.MappingNode, key: Key, document: Document, environ: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name_node, value_node in node.value:
        name = str(name_node.value)
        document.lines[(*key, name)] = name_node.start_mark.line + 1
        if name in values:
            raise document.error((*key, name), "is written twice; keep one of them")
        values[name] = _value(value_node, (*key, name), document, environ)
    return values


def _expand(text: str, key: Key, document: Document, environ: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        if match[2] not in environ:
            raise document.error(key, f"environment variable {match[2]} is not set")
        return environ[match[2]]

    return VARIABLE.sub(replace, text)


def _complaints(
    document: Document, model: type[BaseModel], error: ValidationError
) -> Iterator[RegistryError]:
    for problem in error.errors():
        key = _key_in(document.data, problem["loc"])
        match problem["type"]:
            case "extra_forbidden":
                yield document.error(key, "unknown key" + _nearest(model, problem["loc"]))
            case "missing":
                yield document.error(key, "is required and missing")
            case "union_tag_not_found":
                yield document.error(
                    (*key, "kind"), "is required: vllm, hosted, recorded or scripted"
                )
            case "union_tag_invalid":
                yield document.error(
                    (*key, "kind"), f"must be one of {problem['ctx']['expected_tags']}"
                )
            case _:
                message = problem["msg"].removeprefix("Value error, ")
                yield document.error(key, message[:1].lower() + message[1:])


def _key_in(data: Any, location: tuple[str | int, ...]) -> Key:
    """Pydantic's location without what is not in the file, such as the tag of a union."""
    key: Key = ()
    for i, part in enumerate(location):
        inside = isinstance(data, dict) and part in data
        if inside or (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            data = data[part]
        elif i < len(location) - 1:
            continue
        key = (*key, part)
    return key


def _nearest(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """A hint at what was probably meant, from every field name of the schema."""
    schema = model.model_json_schema()
    groups = [schema, *schema.get("$defs", {}).values()]
    names = {name for group in groups for name in group.get("properties", {})}
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"; did you mean '{close[0]}'?" if close else "; see `convene schema` for the known ones"
