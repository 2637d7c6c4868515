"""What the bodies of all requests have in common: strict, closed, and complaints with a name."""

from typing import Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

NULL = {"type": "null"}


def problem(kind: Any, message: str, at: str) -> PydanticCustomError:
    """A complaint about the key `at` of the object being checked."""
    return PydanticCustomError(kind, message.replace("{", "{{").replace("}", "}}"), {"at": at})


class Body(BaseModel):
    """Strict, and closed; null means not given. `neutral` lists parameters of OpenAI's API that
    cannot be honoured, each with the values that ask for nothing and are dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _only_what_can_be_honoured(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = {name: item for name, item in value.items() if item is not None}
        for name, neutral in cls.neutral.items():
            if name in given and not _among(given.pop(name), neutral):
                raise problem("unsupported_parameter", "is not supported; leave it out", name)
        return given

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """Says what the check above lets by, for the API's document."""
        schema = handler.resolve_ref_schema(handler(core))
        required = schema.get("required", ())
        named = schema.setdefault("properties", {})
        for name, item in named.items():
            if name not in required:
                named[name] = _or_null(item)
        for name, neutral in cls.neutral.items():
            named.setdefault(name, {"enum": [*neutral, None]})
        schema["additionalProperties"] = NULL
        return schema


def _among(value: Any, neutral: tuple[Any, ...]) -> bool:
    """To Python 0 is False and 1 is True; to JSON it is not."""
    return any(
        value == each and isinstance(value, bool) == isinstance(each, bool) for each in neutral
    )


def _or_null(item: dict[str, Any]) -> dict[str, Any]:
    if not item.keys() - {"title", "default"} or NULL in item.get("anyOf", ()):
        return item  # anything, or null already
    default = {"default": item["default"]} if "default" in item else {}
    return {"anyOf": [{k: v for k, v in item.items() if k != "default"}, NULL], **default}


def _whole(value: str) -> str:
    """JSON can carry half an emoji, which no tokenizer, log or database takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("invalid_value", "is not valid Unicode text") from error
    return value


WHOLE = AfterValidator(_whole)
