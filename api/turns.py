"""The messages of a chat body: turns of a conversation, whose content is text."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag
from pydantic_core import PydanticCustomError

from api.strict import WHOLE, Body, problem
from experts.types import Message

Role = Literal["system", "developer", "user", "assistant"]
LONGEST_TEXT = 100_000  # characters over all messages


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
    role: Role
    content: Content
    name: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return joined(part.text for part in self.content)

    @property
    def message(self) -> Message:
        return said(self.role, self.text)


def joined(parts: Iterable[str]) -> str:
    """A message's text: its parts are paragraphs, not syllables."""
    return "\n".join(parts)


def said(role: Role, text: str) -> Message:
    return Message("system" if role == "developer" else role, text)


class Spoken(Protocol):
    """A message, in whatever API's form."""

    @property
    def role(self) -> Role: ...

    @property
    def text(self) -> str: ...


def ending_in_a_question(turns: Sequence[Spoken], at: str) -> None:
    """Complains of a conversation in `at` that does not end with the user's question, or that is
    too long."""
    last = len(turns) - 1
    if all(turn.role != "user" for turn in turns):
        raise problem("invalid_value", "has no message of role 'user'; ask something", at)
    if turns[last].role != "user":
        message = "the last message must be the user's question"
        raise problem("invalid_value", message, f"{at}.{last}.role")
    if not turns[last].text.strip():
        raise problem(
            "invalid_value", "the question is empty; ask something", f"{at}.{last}.content"
        )
    length = sum(len(turn.text) for turn in turns)
    if length > LONGEST_TEXT:
        message = f"{length} characters of text; at most {LONGEST_TEXT} are taken"
        raise problem("string_above_max_length", message, at)
