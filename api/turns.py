"""The messages of a chat body: turns of a conversation, whose content is text."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.conversation import loose
from api.strict import WHOLE, Body, problem
from api.tools import MOST, OnlyFunctions
from experts.types import Message, ToolCall


def _text_only(value: Any) -> Any:
    if isinstance(value, str) and value != "text":
        raise PydanticCustomError(
            "unsupported_parameter", "experts read text only; send parts of type 'text'"
        )
    return value


def shape(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


class TextPart(BaseModel):
    """A piece of a message's content; hints such as `cache_control` beside it are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    type: Annotated[Literal["text"], BeforeValidator(_text_only)]
    text: Annotated[str, WHOLE]


Content = Annotated[
    Annotated[str, WHOLE, Tag("<text>")] | Annotated[list[TextPart], Tag("<list>")],
    Discriminator(shape),
]


CallId = Annotated[str, Field(min_length=1, max_length=256), WHOLE]


class Called(BaseModel):
    """The function of a call, and its arguments as the model wrote them; what a client's library
    has added to it is ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    name: Annotated[str, Field(min_length=1, max_length=256), WHOLE]
    arguments: Annotated[str, WHOLE]


class Call(BaseModel):
    """A call that an assistant's turn asked for."""

    model_config = ConfigDict(frozen=True, strict=True)
    id: CallId
    type: OnlyFunctions
    function: Called


class Turn(Body):
    """A message. What a client's library echoes of an assistant's turn is dropped."""

    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {
        "function_call": (),
        "refusal": (),
        "audio": (),
        "annotations": ([],),
    }
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    name: str | None = None
    tool_calls: Annotated[list[Call], Field(max_length=MOST)] = Field(default_factory=list)
    tool_call_id: Annotated[str, WHOLE] | None = None
    parsed: Any = None  # what a client's library made of the content

    @model_validator(mode="after")
    def _has_what_its_role_has(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            raise problem("invalid_value", "only an assistant's message has them", "tool_calls")
        if self.content is None and not self.tool_calls:
            raise problem("missing", "is required and missing", "content")
        if self.role == "tool" and self.tool_call_id is None:
            raise problem("missing", "is required and missing", "tool_call_id")
        if self.role != "tool" and self.tool_call_id is not None:
            raise problem("invalid_value", "only a message of role 'tool' has one", "tool_call_id")
        return self

    @property
    def length(self) -> int:
        """Characters of it that experts read."""
        called = (len(c.function.name) + len(c.function.arguments) for c in self.tool_calls)
        return len(self.text) + sum(called)

    @property
    def calls_tools(self) -> bool:
        return bool(self.tool_calls)

    @property
    def text(self) -> str:
        if self.content is None:
            return ""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)  # parts are paragraphs, not syllables

    @cached_property
    def message(self) -> Message:
        calls = tuple(
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in self.tool_calls
        )
        role = "system" if self.role == "developer" else self.role
        return Message(role, self.text, calls, self.tool_call_id)


def check_calls(turns: Sequence[Turn]) -> None:
    """Raises a complaint unless each call has one result, before anybody else says anything."""
    found = loose([turn.message for turn in turns])
    if found is None:
        return
    at, told = "tool_call_id", "answers no call of the assistant's message before it"
    if not found.is_result:
        at, told = (
            "tool_calls",
            f"a message of role 'tool' must follow with the result of {found.id}",
        )
    raise problem("invalid_value", told, f"messages.{found.place}.{at}")
