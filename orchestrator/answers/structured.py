"""Replies that are JSON: read, checked against a schema, and written so that equals are equal.

Schemas come from whoever asks and replies from models, so a check takes a bounded number of steps
and fetches nothing. Patterns are not taken: some take exponential time on some texts.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError as InvalidError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from experts.types import JsonFormat
from orchestrator.answers.extraction import spoken

STEPS = 10_000  # keywords that are looked at in one check: a tenth of a second
LARGEST = 2000  # keys and items of a schema; whether it is one takes a tenth of a second, too
FENCE = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?\s*```\Z", re.DOTALL | re.IGNORECASE)
LONGEST = 200  # characters of a complaint
REFUSED = {
    "pattern": "patterns cannot be checked in bounded time; say it in `description`",
    "patternProperties": "patterns cannot be checked in bounded time; name the properties",
    "$dynamicRef": "dynamic references are not supported; use `$ref`",
    "$schema": "only the whole schema may name its dialect",
    "$id": "only references into the schema itself are followed; leave it out",
}


class SchemaError(Exception):
    """What is asked for is no JSON schema that can be checked."""


class _TooManyStepsError(Exception):
    pass


def unfenced(text: str) -> str:
    """The JSON in a reply: all of it, but for thoughts before it and a fence around it."""
    text = spoken(text)
    fenced = FENCE.match(text)
    return fenced[1].strip() if fenced else text


def canonical(text: str) -> str | None:
    """The JSON in a reply, written one way; None where there is none."""
    try:
        return json.dumps(_read(unfenced(text)), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


def complaint(text: str, wanted: JsonFormat) -> str:
    """What keeps a reply from being the JSON that is wanted; "" if nothing does."""
    try:
        value = _read(unfenced(text))
    except (ValueError, RecursionError) as error:
        return f"no valid JSON ({error})"[:LONGEST]
    if wanted.schema is None:
        return "" if isinstance(value, dict) else "it is no JSON object"
    try:
        return _first_error(value, json.loads(wanted.schema))[:LONGEST]
    except (_TooManyStepsError, RecursionError, ArithmeticError):
        return "it takes too long to check; simplify the schema"


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises `SchemaError` for one that could not be checked."""
    try:
        if sum(1 for _ in _keywords(schema)) > LARGEST:
            raise SchemaError(f"has more than {LARGEST} keys and items; make it smaller")
        for key, value in _keywords(schema):
            reason = REFUSED.get(key)
            if key == "$ref" and isinstance(value, str) and not value.startswith("#"):
                reason = "only references into the schema itself, such as #/$defs/x, are followed"
            if reason and (key == "patternProperties" or isinstance(value, str)):
                raise SchemaError(f"{key}: {reason}")
        Draft202012Validator.check_schema(schema)
        _check_references(schema)
    except InvalidError as error:
        raise SchemaError(f"is no JSON schema: {error.message[:LONGEST]}") from error
    except (_TooManyStepsError, RecursionError) as error:
        raise SchemaError("is nested too deep, or refers to itself without end") from error


def _check_references(schema: Mapping[str, Any]) -> None:
    resource = DRAFT202012.create_resource(schema)
    resolver = Registry().with_resource("", resource).resolver()
    for key, value in _keywords(schema):
        if key == "$ref" and isinstance(value, str):
            try:
                resolver.lookup(value)
            except Unresolvable as error:
                raise SchemaError(f"$ref: {value[:LONGEST]} leads nowhere") from error


def _read(text: str) -> Any:
    return json.loads(text, parse_constant=_no_number, parse_float=_finite)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number


def _keywords(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _keywords(inner)
    elif isinstance(value, list):
        for inner in value:
            yield "", inner  # an item counts as a key does
            yield from _keywords(inner)


def _first_error(value: Any, schema: Any) -> str:
    """Where and why the value is not valid; "" if it is."""
    left = [STEPS]

    def counted(check: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Iterator[Any]:
            left[0] -= 1
            if left[0] < 0:
                raise _TooManyStepsError
            yield from check(*arguments) or ()

        return counting

    keywords = {name: counted(check) for name, check in Draft202012Validator.VALIDATORS.items()}
    bounded: Any = validators.extend(Draft202012Validator, keywords)
    for error in bounded(schema, registry=Registry()).iter_errors(value):
        place = "".join(f"[{step!r}]" for step in error.absolute_path)
        return f"{place}: {error.message}" if place else str(error.message)
    return ""
