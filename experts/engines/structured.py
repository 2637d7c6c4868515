"""What an engine holds a reply to as it is drawn, token by token: its JSON format as a grammar.

A grammar takes long to make of some schemas (the lengths of a hundred strings: most of a minute),
and nobody else bounds that. So it says less than the schema where that is cheaper, and never more:
every reply is checked against the whole schema afterwards.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from experts.types import JsonFormat

ANY_OBJECT = '{"type": "object"}'
LARGEST = 8000  # characters of a schema
MOST_SCHEMAS = 200  # within it; as many that allow anything take seconds
DEEPEST = 32  # schemas within schemas
REPEATS = 32  # items that are counted
RANGES = frozenset({"minimum", "maximum", "minItems", "maxItems"})
MOST_RANGES = 20  # of a schema; of more none is held to
UNSAID = frozenset(
    {"title", "description", "default", "examples", "$comment", "minLength", "maxLength", "format"}
    | {"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"}
)
EXACT = frozenset({"type", "enum", "const", "required", "$ref"})
NAMED = frozenset({"properties", "$defs", "definitions"})
INNER = frozenset({"items", "additionalProperties", "anyOf"})


class _NoGrammarError(Exception):
    """What the schema says cannot be left out, and not be said."""


def grammar(wanted: JsonFormat) -> str | None:
    """A schema for the engine; None where a reply is only checked afterwards."""
    if wanted.schema is None:
        return ANY_OBJECT
    if len(wanted.schema) > LARGEST:
        return None
    schema = json.loads(wanted.schema)
    if sum(isinstance(part, dict | bool) for _, part in _parts(schema)) > MOST_SCHEMAS:
        return None
    ranges = sum(key in RANGES for key, _ in _parts(schema)) <= MOST_RANGES
    try:
        return json.dumps(_said(schema, DEEPEST, ranges))
    except _NoGrammarError:
        return None


def _said(schema: Any, depth: int, ranges: bool) -> Any:
    if isinstance(schema, bool):
        return schema
    # A grammar knows no other properties than those that are listed.
    listed = schema.get("properties", {})
    if depth == 0 or not set(schema.get("required", ())) <= set(listed):
        raise _NoGrammarError
    said: dict[str, Any] = {}
    for key, value in schema.items():
        if key in NAMED | INNER:
            said[key] = _inner(key, value, depth - 1, ranges)
        elif key in EXACT or (key in RANGES and ranges and _cheap(key, value)):
            said[key] = value
        elif key not in UNSAID | RANGES:
            raise _NoGrammarError
    return said


def _inner(key: str, value: Any, depth: int, ranges: bool) -> Any:
    """The schemas under a keyword."""
    if key in NAMED:
        return {name: _said(each, depth, ranges) for name, each in value.items()}
    if isinstance(value, list):
        return [_said(each, depth, ranges) for each in value]
    return _said(value, depth, ranges)


def _cheap(key: str, value: Any) -> bool:
    return not key.endswith("Items") or value <= REPEATS


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """All that is in a schema, with the keys it is under."""
    pairs: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = (("", inner) for inner in value)
    for key, inner in pairs:
        yield key, inner
        yield from _parts(inner)
