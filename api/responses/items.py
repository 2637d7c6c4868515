"""The items of a conversation: messages, each with an id of its own."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from experts.types import Message

Role = Literal["system", "developer", "user", "assistant"]


def new_id(kind: str) -> str:
    """Nobody guesses it."""
    return f"{kind}_{secrets.token_hex(24)}"


@dataclass(frozen=True, slots=True)
class Item:
    """A message, as it is kept and listed."""

    id: str
    role: Role
    parts: tuple[str, ...]  # its content, all of it text

    @classmethod
    def new(cls, role: Role, *parts: str) -> "Item":
        return cls(new_id("msg"), role, parts)

    @property
    def text(self) -> str:
        return joined(self.parts)

    @property
    def message(self) -> Message:
        return Message("system" if self.role == "developer" else self.role, self.text)


def joined(parts: Iterable[str]) -> str:
    """A message's text, as chat has it: parts are paragraphs."""
    return "\n".join(parts)


def document(item: Item, status: str = "completed") -> dict[str, Any]:
    """The item as OpenAI's clients read it."""
    part = output_text if item.role == "assistant" else _input_text
    return {
        "id": item.id,
        "type": "message",
        "status": status,
        "role": item.role,
        "content": [part(text) for text in item.parts],
    }


def output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _input_text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}
