import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from experts.engines.structured import (
    ANY_OBJECT,
    DEEPEST,
    LARGEST,
    MOST_RANGES,
    MOST_SCHEMAS,
    REPEATS,
    grammar,
)
from experts.types import JsonFormat

PERSON = {
    "title": "A person",
    "type": "object",
    "properties": {
        "required": {"type": "string", "maxLength": 80, "description": "a name as any"},
        "age": {"type": ["integer", "null"], "minimum": 0, "maximum": 150},
        "born": {"type": "string", "format": "date"},
        "pets": {"type": "array", "items": {"$ref": "#/$defs/pet"}, "maxItems": REPEATS},
        "mood": {"anyOf": [{"enum": ["good", {"not": "a keyword here"}]}, {"const": 3}]},
    },
    "required": ["required"],
    "additionalProperties": False,
    "$defs": {"pet": {"type": "object", "properties": {}}},
}


def said(schema):
    text = grammar(JsonFormat(json.dumps(schema)))
    return text and json.loads(text)


def nested(depth):
    schema = {"type": "integer"}
    for _ in range(depth - 1):
        schema = {"type": "array", "items": schema}
    return schema


def test_any_object_is_held_to():
    assert grammar(JsonFormat()) == ANY_OBJECT


def test_a_grammar_says_the_shape_and_leaves_out_what_takes_long():
    assert said(PERSON) == {
        "type": "object",
        "properties": {
            "required": {"type": "string"},
            "age": {"type": ["integer", "null"], "minimum": 0, "maximum": 150},
            "born": {"type": "string"},
            "pets": {"type": "array", "items": {"$ref": "#/$defs/pet"}, "maxItems": REPEATS},
            "mood": {"anyOf": [{"enum": ["good", {"not": "a keyword here"}]}, {"const": 3}]},
        },
        "required": ["required"],
        "additionalProperties": False,
        "$defs": {"pet": {"type": "object", "properties": {}}},
    }


def test_what_repeats_often_is_not_counted():
    assert said({"type": "array", "minItems": REPEATS + 1}) == {"type": "array"}
    ranged = {"type": "integer", "minimum": 3}
    for count, held in ((MOST_RANGES, ranged), (MOST_RANGES + 1, {"type": "integer"})):
        properties = {f"p{place}": ranged for place in range(count)}
        assert said({"properties": properties})["properties"]["p0"] == held


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"not": {"type": "null"}}},
        {"oneOf": [{"type": "integer"}, {"minimum": 3}]},
        {"$defs": {"a": {"allOf": [{}]}}, "$ref": "#/$defs/a"},
        {"type": "object", "required": ["a"]},
        {"properties": {"b": {"properties": {"a": True}, "required": ["c"]}}},
        {"enum": ["x" * LARGEST]},
        {"properties": {f"p{place}": True for place in range(MOST_SCHEMAS)}},
        nested(DEEPEST + 1),
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_where_leaving_out_would_make_it_another_shape_there_is_no_grammar(schema):
    assert said(schema) is None


def test_as_deep_as_may_be_is_held_to():
    assert said(nested(DEEPEST)) == nested(DEEPEST)


LEAF = st.sampled_from(
    [
        True,
        {"type": "integer", "minimum": 2, "multipleOf": 2},
        {"type": "string", "maxLength": 2},
        {"enum": ["a", 3]},
    ]
)
SCHEMA = st.recursive(
    LEAF,
    lambda inner: (
        st.builds(lambda each: {"type": "array", "items": each, "maxItems": 2}, inner)
        | st.builds(lambda each: {"properties": {"a": each}, "required": ["a"]}, inner)
        | st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=5,
)
VALUE = st.recursive(
    st.integers(0, 5) | st.sampled_from(["", "a", "abc", None]),
    lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({}, optional={"a": inner}),
    max_leaves=5,
)


@given(SCHEMA, VALUE)
def test_whatever_is_valid_is_valid_by_what_is_said(schema, value):
    if Draft202012Validator(schema).is_valid(value):
        assert Draft202012Validator(said(schema)).is_valid(value)
