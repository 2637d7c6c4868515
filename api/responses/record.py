"""A response as it is kept: what was answered, and the conversation that it answered."""

import json
from dataclasses import dataclass
from typing import Any

from api.responses.items import Item


@dataclass(frozen=True, slots=True)
class Record:
    """`asked` is everything before the answer, instructions aside: these hold for one response."""

    response: dict[str, Any]
    asked: tuple[Item, ...]
    answer: Item

    @property
    def id(self) -> str:
        id: str = self.response["id"]
        return id

    @property
    def conversation(self) -> tuple[Item, ...]:
        """What a response that goes on from here is preceded by."""
        return (*self.asked, self.answer)


def packed(record: Record) -> str:
    """What Redis keeps: JSON in ASCII, so that as many characters are as many bytes."""
    items = [[item.id, item.role, *item.parts] for item in record.conversation]
    return json.dumps({"response": record.response, "items": items}, separators=(",", ":"))


def unpacked(text: str | bytes) -> Record:
    fields = json.loads(text)
    *asked, answer = (Item(id, role, tuple(parts)) for id, role, *parts in fields["items"])
    return Record(fields["response"], tuple(asked), answer)
