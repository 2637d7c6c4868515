"""The items of an input: messages, and the calls of tools with what they came to."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from api.responses.items import Called, Output, Role, Said, joined
from api.strict import WHOLE, Body
from api.turns import Called as Function
from api.turns import CallId, shape
from experts.types import ToolCall

MOST_ITEMS = 1000  # of a conversation


def only(kinds: Sequence[str], otherwise: str) -> BeforeValidator:
    """Complains of any other kind, as one that is not supported."""

    def checked(value: Any) -> Any:
        if isinstance(value, str) and value not in kinds:
            raise PydanticCustomError("unsupported_parameter", "{reason}", {"reason": otherwise})
        return value

    return BeforeValidator(checked)


class Part(BaseModel):
    """A piece of a message's content; what an answer's part has beside its text is ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    type: Annotated[
        Literal["input_text", "output_text"],
        only(
            ("input_text", "output_text"),
            "experts read text only; send parts of type 'input_text'",
        ),
    ]
    text: Annotated[str, WHOLE]


Content = Annotated[
    Annotated[str, WHOLE, Tag("<text>")]
    | Annotated[list[Part], Field(max_length=MOST_ITEMS), Tag("<list>")],
    Discriminator(shape),
]


def _parts(content: str | list[Part]) -> tuple[str, ...]:
    if isinstance(content, str):
        return (content,)
    return tuple(part.text for part in content)


class AskedMessage(Body):
    """What is echoed of an earlier output may have an id, which is not looked at."""

    type: Annotated[
        Literal["message"],
        only(
            ("message",),
            "send items of type 'message', 'function_call' or 'function_call_output'",
        ),
    ] = "message"
    role: Role
    content: Content
    id: Any = None
    status: Any = None
    phase: Any = None

    @property
    def item(self) -> Said:
        return Said.new(self.role, *_parts(self.content))


class AskedCall(Function):
    """A call of an earlier output, sent back as it is; its id is not looked at."""

    type: Literal["function_call"]
    call_id: CallId

    @property
    def item(self) -> Called:
        return Called.new(ToolCall(self.call_id, self.name, self.arguments))


class AskedOutput(BaseModel):
    """What a call came to; what a client's library has added to it is ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    type: Literal["function_call_output"]
    call_id: CallId
    output: Content

    @property
    def item(self) -> Output:
        return Output.new(self.call_id, joined(_parts(self.output)))


def _kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    match kind:
        case "function_call":
            return "<call>"
        case "function_call_output":
            return "<output>"
        case _:
            return "<message>"


Asked = Annotated[
    Annotated[AskedMessage, Tag("<message>")]
    | Annotated[AskedCall, Tag("<call>")]
    | Annotated[AskedOutput, Tag("<output>")],
    Discriminator(_kind),
]
