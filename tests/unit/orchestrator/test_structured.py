"""Schemas and replies that are checked in bounded time, and fetch nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import JsonFormat
from orchestrator.answers.structured import SchemaError, canonical, check_schema, complaint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).filter(lambda value: "Infinity" not in json.dumps(value))


@given(JSON)
def test_json_is_written_one_way_whatever_its_spelling(value):
    spelled = json.dumps(value, indent=3, ensure_ascii=False)
    assert canonical(spelled) == canonical(json.dumps(value))
    assert json.loads(canonical(spelled)) == value


@given(JSON, st.dictionaries(st.sampled_from(["type", "items", "$ref", "allOf", "enum"]), JSON))
def test_no_schema_breaks_the_check(value, schema):
    try:
        check_schema(schema)
    except SchemaError:
        return
    assert isinstance(complaint(json.dumps(value), JsonFormat(json.dumps(schema))), str)


TREE = {
    "$ref": "#/$defs/node",
    "$defs": {"node": {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}}},
}


def test_a_schema_may_refer_to_itself():
    check_schema(TREE)
    wanted = JsonFormat(json.dumps(TREE))
    assert complaint('{"a": {"b": {}}}', wanted) == ""
    assert complaint('{"a": {"b": 3}}', wanted) == "['a']['b']: 3 is not of type 'object'"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "legs"}, "is no JSON schema"),
        ({"enum": list(range(2001))}, "more than 2000 keys and items"),
        ({"$ref": "https://example.com/x"}, "only references into the schema itself"),
        ({"properties": {"a": {"$ref": "#/$defs/gone"}}}, "leads nowhere"),
        ({"properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}, "bounded time"),
        ({"patternProperties": {"a": {}}}, "bounded time"),
        ({"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}}, "dialect"),
    ],
    ids=["wrong", "large", "elsewhere", "nowhere", "pattern", "patterns", "dialect"],
)
def test_what_cannot_be_checked_is_refused(schema, message):
    with pytest.raises(SchemaError, match=message):
        check_schema(schema)


def test_a_schema_is_not_nested_without_end():
    deep: dict = {}
    for _ in range(1900):
        deep = {"not": deep}
    with pytest.raises(SchemaError, match="nested too deep"):
        check_schema(deep)


def test_a_property_may_be_called_pattern():
    check_schema({"properties": {"pattern": {"type": "string"}, "$ref": {"type": "string"}}})


def test_a_check_that_would_not_end_is_a_complaint():
    laughs = {f"l{i}": {"allOf": [{"$ref": f"#/$defs/l{i + 1}"}] * 9} for i in range(20)}
    schema = {"$ref": "#/$defs/l0", "$defs": laughs | {"l20": {}}}
    check_schema(schema)
    for endless in (schema, {"$ref": "#"}, {"allOf": [{"$ref": "#"}] * 2}):
        assert "too long to check" in complaint("{}", JsonFormat(json.dumps(endless)))
