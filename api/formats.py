"""The parameter `response_format`: text, any JSON object, or JSON by a schema."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from api.strict import WHOLE, Body
from experts.types import JsonFormat
from orchestrator.answers.structured import SchemaError, check_schema

KINDS = ("text", "json_object", "json_schema")


def _checkable(schema: dict[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in schema.items() if key != "$schema"}  # it is 2020-12
    try:
        check_schema(schema)
    except SchemaError as error:
        raise PydanticCustomError("invalid_value", "{reason}", {"reason": str(error)}) from error
    return schema


class Schema(Body):
    """A JSON schema (2020-12) and its name."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: Annotated[str, WHOLE] | None = None
    written: Annotated[dict[str, Any], Field(alias="schema"), AfterValidator(_checkable)]
    strict: bool | None = None


class AsText(Body):
    type: Literal["text"]


class AsJson(Body):
    type: Literal["json_object"]


class AsSchema(Body):
    type: Literal["json_schema"]
    json_schema: Schema


def _kind(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else None
    return f"<{kind}>" if kind in KINDS else None


BY_KIND = Discriminator(
    _kind,
    custom_error_type="invalid_value",
    custom_error_message=f"must be an object whose 'type' is one of {', '.join(KINDS)}",
)
Format = Annotated[
    Annotated[AsText, Tag("<text>")]
    | Annotated[AsJson, Tag("<json_object>")]
    | Annotated[AsSchema, Tag("<json_schema>")],
    BY_KIND,
]


def wanted(format_: AsText | AsJson | AsSchema | Schema, tries: int) -> JsonFormat | None:
    """What experts are told; None for text."""
    match format_:
        case AsSchema(json_schema=schema) | (Schema() as schema):
            text = json.dumps(schema.written)
            return JsonFormat(text, schema.name, schema.strict, tries)
        case AsJson():
            return JsonFormat(tries=tries)
        case AsText():
            return None
