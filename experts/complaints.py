"""What is wrong with a registry file, in the words of whoever writes one.

Values are never quoted: any of them may come from a variable that holds a key.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from experts.cards import PATTERNS

Key = tuple[str | int, ...]
_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "path_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
_WORDS = {
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
    "too_short": "needs {min_length} or more entries",
    "too_long": "takes {max_length} entries or fewer",
}


def complaint(problem: ErrorDetails, data: Any, schema: Mapping[str, Any]) -> tuple[Key, str]:
    """Which key is wrong, and how; `schema` is the JSON schema of the whole file."""
    key = _key_in(data, problem["loc"])
    if problem["type"].startswith("union_tag"):
        return (*key, "kind"), _wrong_kind(problem, schema)
    return key, _message(problem, schema)


def _message(problem: ErrorDetails, schema: Mapping[str, Any]) -> str:
    kind, location, context = problem["type"], problem["loc"], problem.get("ctx", {})
    if kind in _EXPECTED:
        return _wrong_type(kind, problem["input"])
    match kind:
        case "extra_forbidden":
            known = _section(schema, location[:-1]).get("properties", {})
            words = f"unknown key; {_meant(str(location[-1]), known)}"
        case "missing":
            description = _section(schema, location).get("description", "")
            words = f"is required{': ' + description if description else ''}"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            words = PATTERNS.get(pattern, f"must match the pattern {pattern}")
        case "value_error":
            words = str(context["error"])
        case _:
            words = _WORDS.get(kind, problem["msg"]).format_map(context)
    return words


def _wrong_kind(problem: ErrorDetails, schema: Mapping[str, Any]) -> str:
    kinds = _section(schema, problem["loc"]).get("discriminator", {}).get("mapping", {})
    if problem["type"] == "union_tag_not_found":
        return f"is required: one of {', '.join(sorted(kinds))}"
    return f"no such kind; {_meant(problem['ctx']['tag'], kinds)}"


def _wrong_type(kind: str, value: Any) -> str:
    message = f"expected {_EXPECTED[kind]}, found {_found(value)}"
    quotable = kind == "string_type" and not isinstance(value, dict | list | None)
    return message + ("; put it in quotes" if quotable else "")


def _found(value: Any) -> str:
    names = {dict: "keys with values", list: "a list", str: "other text", type(None): "nothing"}
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else names.get(type(value), "a date")


def _meant(word: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known) or 'none'}"


def _key_in(data: Any, location: Key) -> Key:
    """Pydantic's location without what is not in the file, such as the tag of a union."""
    key: Key = ()
    for i, part in enumerate(location):
        inside = isinstance(data, dict) and part in data
        if inside or (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            data = data[part]
        elif i < len(location) - 1 or part == "[key]":
            continue
        key = (*key, part)
    return key


def _section(schema: Mapping[str, Any], location: Key) -> Mapping[str, Any]:
    """The part of the schema that a location leads to; {} where the schema does not say."""
    here = schema
    for part in location:
        here = _inside(_resolved(schema, here), str(part))
    described = {key: here[key] for key in ("description",) if key in here}
    return {**_resolved(schema, here), **described}


def _inside(here: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    mapping = here.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        return {"$ref": mapping[part]}
    if part in here.get("properties", {}):
        inside = here["properties"][part]
    else:
        rest = [*here.get("patternProperties", {}).values(), here.get("additionalProperties")]
        inside = rest[0] or here.get("items")
    return inside if isinstance(inside, dict) else {}


def _resolved(schema: Mapping[str, Any], here: Mapping[str, Any]) -> Mapping[str, Any]:
    for choice in here.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(schema, choice)
    if "$ref" in here:
        name = here["$ref"].rpartition("/")[2]
        return _resolved(schema, schema["$defs"][name])
    return here
