"""The messages of a chat body: turns of a conversation, whose content is text."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag
from pydantic_core import PydanticCustomError

from api.strict import WHOLE, Body
from experts.types import Message


def _text_only(value: Any) -> Any:
    if isinstance(value, str) and value != "text":
        raise PydanticCustomError(
            "unsupported_parameter", "experts read text only; send parts of type 'text'"
        )
    return value


def shape(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


class Part(BaseModel):
    """A piece of a message's content; hints such as `cache_control` beside it are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)
    type: Annotated[Literal["text"], BeforeValidator(_text_only)]
    text: Annotated[str, WHOLE]


Content = Annotated[
    Annotated[str, WHOLE, Tag("<text>")] | Annotated[list[Part], Tag("<list>")],
    Discriminator(shape),
]


class Turn(Body):
    """A message. What a client's library echoes of an assistant's turn is dropped."""

    neutral: ClassVar[dict[str, tuple[Any, ...]]] = {
        "tool_calls": ([],),
        "function_call": (),
        "refusal": (),
        "audio": (),
        "annotations": ([],),
    }
    role: Literal["system", "developer", "user", "assistant"]
    content: Content
    name: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)  # parts are paragraphs, not syllables

    @property
    def message(self) -> Message:
        return Message("system" if self.role == "developer" else self.role, self.text)
