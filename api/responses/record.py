"""A response as it is kept: what was answered, and the conversation that it answered."""

import json
from dataclasses import dataclass
from typing import Any

from api.responses.items import Called, Item, Output, Said
from experts.types import ToolCall


@dataclass(frozen=True, slots=True)
class Record:
    """`asked` is everything before the answer, instructions aside: these hold for one response.
    The answer has as many items as the response's output."""

    response: dict[str, Any]
    asked: tuple[Item, ...]
    answer: tuple[Item, ...]

    @property
    def id(self) -> str:
        id: str = self.response["id"]
        return id

    @property
    def conversation(self) -> tuple[Item, ...]:
        """What a response that goes on from here is preceded by."""
        return (*self.asked, *self.answer)


def packed(record: Record) -> str:
    """What Redis keeps: JSON in ASCII, so that as many characters are as many bytes."""
    items = [*map(_fields, record.conversation)]
    return json.dumps({"response": record.response, "items": items}, separators=(",", ":"))


def unpacked(text: str | bytes) -> Record:
    kept = json.loads(text)
    response, items = kept["response"], tuple(map(_item, kept["items"]))
    asked = len(items) - len(response["output"])
    return Record(response, items[:asked], items[asked:])


def _fields(item: Item) -> list[str]:
    match item:
        case Said(id, role, parts):
            return [id, role, *parts]
        case Called(id, call):
            return [id, "function_call", call.id, call.name, call.arguments]
        case Output(id, call_id, text):
            return [id, "function_call_output", call_id, text]


def _item(fields: list[Any]) -> Item:
    match fields:
        case [id, "function_call", *call]:
            return Called(id, ToolCall(*call))
        case [id, "function_call_output", call_id, text]:
            return Output(id, call_id, text)
        case [id, role, *parts]:
            return Said(id, role, tuple(parts))
    raise ValueError("not an item as it is kept")
