"""The items of a conversation: messages, calls of tools and their outputs, each with an id."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experts.types import ToolCall

Role = Literal["system", "developer", "user", "assistant"]


def new_id(kind: str) -> str:
    """Nobody guesses it."""
    return f"{kind}_{secrets.token_hex(24)}"


@dataclass(frozen=True, slots=True)
class Said:
    """A message, as it is kept and listed."""

    calls_tools: ClassVar = False
    id: str
    role: Role
    parts: tuple[str, ...]  # its content, all of it text

    @classmethod
    def new(cls, role: Role, *parts: str) -> "Said":
        return cls(new_id("msg"), role, parts)

    @property
    def text(self) -> str:
        return joined(self.parts)

    @property
    def length(self) -> int:
        """Characters that experts read, as of every item."""
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a tool that an answer asked for."""

    role: ClassVar[Role] = "assistant"
    calls_tools: ClassVar = True
    text: ClassVar = ""
    id: str
    call: ToolCall

    @classmethod
    def new(cls, call: ToolCall) -> "Called":
        return cls(new_id("fc"), call)

    @property
    def length(self) -> int:
        return len(self.call.name) + len(self.call.arguments)


@dataclass(frozen=True, slots=True)
class Output:
    """What a call of a tool came to."""

    role: ClassVar = "tool"
    calls_tools: ClassVar = False
    id: str
    call_id: str
    text: str

    @classmethod
    def new(cls, call_id: str, text: str) -> "Output":
        return cls(new_id("fco"), call_id, text)

    @property
    def length(self) -> int:
        return len(self.text)


Answered = Said | Called  # what an output is of
Item = Answered | Output


def joined(parts: Iterable[str]) -> str:
    """A message's text, as chat has it: parts are paragraphs."""
    return "\n".join(parts)


def document(item: Item, status: str = "completed") -> dict[str, Any]:
    """The item as OpenAI's clients read it."""
    told: dict[str, Any]
    match item:
        case Said(_, role, parts):
            part = output_text if role == "assistant" else _input_text
            content = [part(text) for text in parts]
            told = {"type": "message", "role": role, "content": content}
        case Called(_, call):
            names = {"call_id": call.id, "name": call.name}
            told = {"type": "function_call", **names, "arguments": call.arguments}
        case Output(_, call_id, text):
            told = {"type": "function_call_output", "call_id": call_id, "output": text}
    return {"id": item.id, "status": status, **told}


def output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _input_text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}
