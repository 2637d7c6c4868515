"""What every section of the registry file has in common."""

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


class Strict(BaseModel):
    """A section of the registry file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong(at: tuple[str | int, ...], message: str) -> ValidationError:
    """For a validator to raise that looks at several keys: which of them is at fault, and how."""
    error = PydanticCustomError("wrong", "{message}", {"message": message})
    return ValidationError.from_exception_data(
        "", [InitErrorDetails(type=error, loc=at, input=None)]
    )
