"""What the bodies of all requests have in common: strict, closed, and complaints with a name."""

from typing import Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


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
            if name in given and given.pop(name) not in neutral:
                raise problem("unsupported_parameter", "is not supported; leave it out", name)
        return given


def _whole(value: str) -> str:
    """JSON can carry half an emoji, which no tokenizer, log or database takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("invalid_value", "is not valid Unicode text") from error
    return value


WHOLE = AfterValidator(_whole)
