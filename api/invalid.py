"""Says what is wrong with a request body, naming the parameter."""

from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError

LONGEST = 200  # characters of a parameter's name; unknown keys are the caller's own text
CODES = {
    "extra_forbidden": "unknown_parameter",
    "missing": "missing_required_parameter",
    "literal_error": "invalid_value",
    "too_long": "array_above_max_length",
    "too_short": "empty_array",
    "string_too_long": "string_above_max_length",
    "unsupported_parameter": "unsupported_parameter",
    "string_above_max_length": "string_above_max_length",
}
TYPES = ("_type", "_parsing", "_from_float")  # endings of pydantic's errors about types


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a body was refused. `param` is None where the body as a whole is at fault."""

    message: str
    param: str | None
    code: str | None


def explained(error: RequestValidationError) -> Reason:
    """The first complaint. Unions are discriminated, so it is about what was meant."""
    if isinstance(error.body, bytes):
        return Reason("send JSON with the header 'content-type: application/json'", None, None)
    first: dict[str, Any] = error.errors()[0]
    if first["type"] == "json_invalid":
        return Reason(f"the body is not valid JSON: {first['ctx']['error']}", None, "invalid_json")
    param = _param(first)
    if param is None:
        return Reason("the body must be a JSON object such as {...}", None, "invalid_type")
    return Reason(f"{param}: {_message(first)}", param, _code(first["type"]))


def _param(problem: dict[str, Any]) -> str | None:
    """`messages.0.content`. Parts in <> are tags of our unions, not keys of the body; a check
    of a whole object says in `at` which of its keys is at fault."""
    within = problem["loc"][1:]
    if problem["type"] == "extra_forbidden":
        *within, key = within
    else:
        key = problem.get("ctx", {}).get("at")
    parts = [str(part) for part in within if not str(part).startswith("<")]
    parts += [] if key is None else [key]
    return ".".join(parts)[:LONGEST] or None


def _message(problem: dict[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "unknown parameter; leave it out"
        case "missing":
            return "is required and missing"
        case _:
            message: str = problem["msg"].removeprefix("Value error, ")
            return message[:1].lower() + message[1:]


def _code(kind: str) -> str:
    return CODES.get(kind, "invalid_type" if kind.endswith(TYPES) else "invalid_value")
