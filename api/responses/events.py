"""A response as server-sent events: OpenAI's sequence of them, each with its number."""

from collections.abc import Awaitable, Callable
from typing import Any

from api import wire
from api.responses.document import Draft
from api.responses.items import document, output_text
from orchestrator.types import Text, Verdict

Ended = Callable[[Verdict], Awaitable[dict[str, Any]]]


class Events:
    """The dialect of responses. `ended` makes the whole document, and keeps it where it is to be
    kept: whoever is told of the end can go on from there at once."""

    def __init__(self, draft: Draft, ended: Ended) -> None:
        self._draft = draft
        self._ended = ended
        self._number = 0
        self._place = {"item_id": draft.answer.id, "output_index": 0, "content_index": 0}
        self._speaking = False

    def opening(self) -> bytes:
        response = self._draft.begun()
        return b"".join(
            self._event(kind, response=response)
            for kind in ("response.created", "response.in_progress")
        )

    def piece(self, piece: Text) -> bytes:
        kind = "response.output_text.delta"
        return self._starting() + self._event(kind, **self._place, delta=piece.text, logprobs=[])

    async def ending(self, verdict: Verdict) -> bytes:
        response = await self._ended(verdict)
        (item,) = response["output"]
        (part,) = item["content"]
        done = {**self._place, "text": part["text"], "logprobs": []}
        return b"".join(
            (
                self._starting(),
                self._event("response.output_text.done", **done),
                self._event("response.content_part.done", **self._place, part=part),
                self._event("response.output_item.done", output_index=0, item=item),
                self._event(f"response.{response['status']}", response=response),
            )
        )

    def failure(self, error: Exception) -> bytes:
        return self._event("response.failed", response=self._draft.failed(error))

    def _starting(self) -> bytes:
        """The item and its part are announced once, with the first piece of text."""
        if self._speaking:
            return b""
        self._speaking = True
        item = document(self._draft.answer, "in_progress")
        return self._event("response.output_item.added", output_index=0, item=item) + self._event(
            "response.content_part.added", **self._place, part=output_text("")
        )

    def _event(self, kind: str, **fields: Any) -> bytes:
        number = self._number
        self._number += 1
        return wire.event(kind, {"type": kind, "sequence_number": number, **fields})
