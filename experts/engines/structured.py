"""Which JSON formats an engine can hold a reply to as it is drawn, token by token.

A grammar is made of the schema, in the engine and in a time that nobody bounds. So it is made of
what grammars say exactly and in little, and whatever else is asked for is checked afterwards.
"""

import json
from typing import Any

from experts.types import JsonFormat

REPEATS = 1000  # most items or characters that a grammar counts
LARGEST = 20_000  # characters of a schema
DEEPEST = 32  # schemas within schemas
TEXTS = frozenset({"title", "description", "default", "examples", "$comment"})
EXACT = TEXTS | {"type", "enum", "const", "required", "$ref", "minimum", "maximum"}
COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength"})
NAMED = frozenset({"properties", "$defs", "definitions"})
INNER = frozenset({"items", "additionalProperties"})


def holdable(wanted: JsonFormat) -> bool:
    """Whether a grammar can stand for the format."""
    if wanted.schema is None:
        return True
    return len(wanted.schema) <= LARGEST and _exact(json.loads(wanted.schema), DEEPEST)


def _exact(schema: Any, depth: int) -> bool:
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict) or depth == 0:
        return False
    # A grammar knows no other properties than those that are listed.
    if not set(schema.get("required", ())) <= set(schema.get("properties", ())):
        return False
    return all(_says(key, value, depth - 1) for key, value in schema.items())


def _says(key: str, value: Any, depth: int) -> bool:
    if key in NAMED:
        return all(_exact(inner, depth) for inner in value.values())
    if key in INNER:
        return _exact(value, depth)
    if key == "anyOf":
        return all(_exact(inner, depth) for inner in value)
    return key in EXACT or (key in COUNTS and value <= REPEATS)
