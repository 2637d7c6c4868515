"""A streamed chat completion as it comes in: bytes or JSON to chunks. No network."""

from typing import Any

from experts.cards import Price
from experts.errors import BackendUnavailable, EmptyReply, ExpertError
from experts.hosted.openai_logprobs import tokens_of
from experts.hosted.openai_tools import CallReader
from experts.hosted.openai_wire import decoded, finish_of, raise_if_error, usage_of, why_empty
from experts.hosted.shapes import items, members, text_of
from experts.hosted.sse import Decoder
from experts.types import Chunk, FinishReason, Usage

THINKING = ("reasoning_content", "reasoning")


class StreamReader:
    """Gives a chunk for each piece of the reply, an empty one while the model thinks, and at the
    end the one with finish and usage."""

    def __init__(self, price: Price | None) -> None:
        self._price = price
        self._decoder = Decoder()
        self._finish: FinishReason | None = None
        self._usage = Usage()
        self._blank = True
        self._calls = CallReader()
        self._done = False
        self._error: ExpertError | None = None

    @property
    def over(self) -> bool:
        """Whether no chunk but the last is to come."""
        return self._done or self._error is not None

    def feed(self, portion: bytes) -> list[Chunk]:
        """The chunks in some bytes of a response. What goes wrong is raised at the `end`, when the
        chunks before it have been passed on."""
        chunks: list[Chunk] = []
        try:
            for data in self._events(portion):
                if data == "[DONE]":
                    self._done = True
                    break
                chunks += self.take(_parsed(data))
        except ExpertError as error:
            self._error = error
        return chunks

    def take(self, payload: Any) -> list[Chunk]:
        """The chunks in one event's JSON. Raises `ExpertError`."""
        if not isinstance(payload, dict):
            raise BackendUnavailable("the stream is broken: an event is no JSON object")
        raise_if_error(payload)
        if used := payload.get("usage"):
            self._usage = usage_of(used, self._price)
        return [
            chunk
            for choice in items(payload.get("choices"))
            if (chunk := self._chunk(members(choice))) is not None
        ]

    def _chunk(self, choice: dict[str, Any]) -> Chunk | None:
        delta = members(choice.get("delta"))
        text = text_of(delta.get("content"))
        calls = self._calls.take(raw) if (raw := delta.get("tool_calls")) else ()
        tokens = tokens_of(choice) if choice.get("logprobs") else ()
        if reason := choice.get("finish_reason"):
            self._finish = finish_of(reason, self._calls.count > 0)
        if not (text or calls or tokens or any(delta.get(key) for key in THINKING)):
            return None
        self._blank = self._blank and not text.strip() and not calls
        return Chunk(text, None, None, calls, tokens)

    def end(self) -> Chunk:
        """The last chunk, once there are no more bytes. Raises `ExpertError`."""
        if self._error is not None:
            raise self._error
        if self._finish is None and not self._done:
            raise BackendUnavailable("the stream broke off before the reply was finished")
        self._calls.end()
        finish = self._finish or finish_of("stop", self._calls.count > 0)
        if self._blank:
            raise EmptyReply(why_empty(finish))
        return Chunk("", finish, self._usage)

    def _events(self, portion: bytes) -> list[str]:
        try:
            return self._decoder.feed(portion)
        except ValueError as error:
            raise BackendUnavailable(f"the stream is broken: {error}") from error


def _parsed(data: str) -> Any:
    try:
        return decoded(data)
    except ValueError as error:
        raise BackendUnavailable("the stream is broken: an event is no JSON") from error
