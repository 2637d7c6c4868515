"""A streamed chat completion as it comes in: bytes or JSON to chunks. No network."""

from collections.abc import Iterator
from typing import Any

from experts.cards import Price
from experts.errors import BackendUnavailable, EmptyReply
from experts.hosted.openai_wire import (
    at,
    decoded,
    finish_of,
    raise_if_error,
    text_of,
    usage_of,
    why_empty,
)
from experts.hosted.sse import Decoder
from experts.types import Chunk, FinishReason, Usage

THINKING = ("reasoning_content", "reasoning")


class StreamReader:
    """Gives a chunk for each piece of text, an empty one while the model thinks, and at the end
    the one with finish and usage."""

    def __init__(self, price: Price | None) -> None:
        self._price = price
        self._decoder = Decoder()
        self._finish: FinishReason | None = None
        self._usage = Usage()
        self._blank = True
        self.done = False

    def feed(self, portion: bytes) -> Iterator[Chunk]:
        """The chunks in some bytes of a response. Raises `ExpertError`."""
        try:
            events = self._decoder.feed(portion)
        except ValueError as error:
            raise BackendUnavailable(f"the stream is broken: {error}") from error
        for data in events:
            if data == "[DONE]":
                self.done = True
                return
            yield from self.take(_parsed(data))

    def take(self, payload: Any) -> Iterator[Chunk]:
        """The chunks in one event's JSON. Raises `ExpertError`."""
        raise_if_error(payload)
        if not isinstance(payload, dict):
            raise BackendUnavailable("the stream is broken: an event is no JSON object")
        if used := payload.get("usage"):
            self._usage = usage_of(used, self._price)
        choices = payload.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            self._finish = finish_of(at(choice, "finish_reason")) or self._finish
            text = text_of(at(choice, "delta", "content"))
            if text or any(at(choice, "delta", key) for key in THINKING):
                self._blank = self._blank and not text.strip()
                yield Chunk(text)

    def end(self) -> Chunk:
        """The last chunk, once there are no more bytes."""
        if self._finish is None and not self.done:
            raise BackendUnavailable("the stream broke off before the reply was finished")
        finish = self._finish or "stop"
        if self._blank:
            raise EmptyReply(why_empty(finish))
        return Chunk("", finish, self._usage)


def _parsed(data: str) -> Any:
    try:
        return decoded(data)
    except ValueError as error:
        raise BackendUnavailable("the stream is broken: an event is no JSON") from error
