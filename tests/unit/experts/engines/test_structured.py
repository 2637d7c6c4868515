import json

import pytest

from experts.engines.structured import DEEPEST, LARGEST, REPEATS, holdable
from experts.types import JsonFormat

PERSON = {
    "title": "A person",
    "type": "object",
    "properties": {
        "required": {"type": "string", "maxLength": REPEATS, "description": "a name as any"},
        "age": {"type": ["integer", "null"], "minimum": 0, "maximum": 150},
        "pets": {"type": "array", "items": {"$ref": "#/$defs/pet"}, "minItems": 1},
        "mood": {"anyOf": [{"enum": ["good", {"not": "a keyword here"}]}, {"const": 3}]},
    },
    "required": ["required"],
    "additionalProperties": False,
    "$defs": {"pet": {"type": "object", "properties": {}}},
}


def held(schema):
    return holdable(JsonFormat(json.dumps(schema)))


def nested(depth):
    schema = {"type": "integer"}
    for _ in range(depth - 1):
        schema = {"type": "array", "items": schema}
    return schema


def test_any_object_and_schemas_of_plain_keywords_are_held_to():
    assert holdable(JsonFormat())
    assert held(PERSON)
    assert held(True)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date"},
        {"type": "array", "uniqueItems": True},
        {"type": "array", "items": {"not": {"type": "null"}}},
        {"oneOf": [{"type": "integer"}, {"minimum": 3}]},
        {"properties": {"a": {"multipleOf": 3}}},
        {"$defs": {"a": {"allOf": [{}]}}, "$ref": "#/$defs/a"},
        {"type": "string", "maxLength": REPEATS + 1},
        {"type": "object", "required": ["a"]},
        {"enum": ["x" * LARGEST]},
        nested(DEEPEST + 1),
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_what_a_grammar_would_say_otherwise_or_at_length_is_checked_afterwards(schema):
    assert not held(schema)


def test_as_deep_as_may_be_is_held_to():
    assert held(nested(DEEPEST))
