"""The body of POST /v1/batches."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from api.batches.line import ENDPOINT
from api.strict import WHOLE, Body

MOST_PAIRS = 16
EXAMPLE: JsonValue = {
    "input_file_id": "file-3f0c5c1e7a7d4f9e8b1d2c3a4b5c6d7e",
    "endpoint": ENDPOINT,
    "completion_window": "24h",
    "metadata": {"run": "nightly"},
}


def _ours(endpoint: str) -> str:
    if endpoint != ENDPOINT:
        raise PydanticCustomError("invalid_value", "only '/v1/chat/completions' works in batches")
    return endpoint


def _few(pairs: dict[str, str]) -> dict[str, str]:
    if len(pairs) > MOST_PAIRS:
        raise PydanticCustomError("invalid_value", "has more than 16 pairs")
    return pairs


Key = Annotated[str, Field(max_length=64), WHOLE]
Value = Annotated[str, Field(max_length=512), WHOLE]


class BatchBody(Body):
    """OpenAI's request for a batch."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {"output_expires_after": ()}
    input_file_id: Annotated[str, Field(min_length=1, max_length=100), WHOLE]
    endpoint: Annotated[
        str,
        Field(max_length=100, json_schema_extra={"enum": [ENDPOINT]}),
        WHOLE,
        AfterValidator(_ours),
    ]
    completion_window: Literal["24h"]
    metadata: Annotated[dict[Key, Value], AfterValidator(_few)] | None = None
