"""A response as server-sent events: OpenAI's sequence of them, each with its number."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from api import wire
from api.responses import telling
from api.responses.document import Draft
from api.responses.items import Answered, Called, Said
from api.responses.telling import Event
from experts.calls import extended
from experts.types import CallPiece, Chunk, ToolCall
from orchestrator.types import Verdict

Ended = Callable[[Verdict, tuple[Answered, ...]], Awaitable[dict[str, Any]]]


class Events:
    """The dialect of responses. Items are told one after the other: the last is open until the next
    begins. `ended` makes the whole document of them, and keeps it where it is to be kept: whoever
    is told of the end can go on from there at once."""

    def __init__(self, draft: Draft, ended: Ended) -> None:
        self._draft = draft
        self._ended = ended
        self._number = 0
        self._output: list[Answered] = []
        self._pieces: list[str] = []  # of the open item
        self._calls: tuple[ToolCall, ...] = ()  # as they stand
        self._begun: list[int] = []  # those of them that are told

    def opening(self) -> bytes:
        told = {"response": self._draft.begun()}
        return self._frames([("response.created", told), ("response.in_progress", told)])

    def piece(self, piece: Chunk) -> bytes:
        events = self._saying(piece.text) if piece.text else []
        for call in piece.calls:
            events += self._calling(call)
        return self._frames(events)

    async def ending(self, verdict: Verdict) -> bytes:
        begun = [] if self._output else self._begin(Said.new("assistant"))
        self._fill()
        calls = tuple(item.call for item in self._output if isinstance(item, Called))
        if calls != verdict.tool_calls:
            raise RuntimeError("the streamed calls of tools are not the verdict's")
        response = await self._ended(verdict, tuple(self._output))
        status = response["status"]
        done = telling.done(self._output[-1], len(self._output) - 1, status)
        ended: Event = (f"response.{status}", {"response": response})
        return self._frames([*begun, *done, ended])

    def failure(self, error: Exception) -> bytes:
        return self._frames([("response.failed", {"response": self._draft.failed(error)})])

    def _saying(self, text: str) -> list[Event]:
        is_open = self._output and isinstance(self._output[-1], Said)
        begun = [] if is_open else self._begin(Said.new("assistant"))
        return [*begun, self._go_on(text)]

    def _calling(self, piece: CallPiece) -> list[Event]:
        """A call is told once its name is known, with all its arguments up to there."""
        self._calls = extended(self._calls, [piece])
        call = self._calls[piece.index]
        if not call.name:
            return []
        if piece.index not in self._begun:
            self._begun.append(piece.index)
            begun = self._begin(Called.new(replace(call, arguments="")))
            return [*begun, self._go_on(call.arguments)] if call.arguments else begun
        if piece.index != self._begun[-1] or isinstance(self._output[-1], Said):
            raise RuntimeError("a streamed call of a tool goes on after another item has begun")
        return [self._go_on(piece.arguments)] if piece.arguments else []

    def _begin(self, item: Answered) -> list[Event]:
        place, done = len(self._output), []
        if self._output:
            self._fill()
            done = telling.done(self._output[-1], place - 1, "completed")
        self._output.append(item)
        self._pieces = []
        return [*done, *telling.begun(item, place)]

    def _go_on(self, said: str) -> Event:
        self._pieces.append(said)
        return telling.going_on(self._output[-1], len(self._output) - 1, said)

    def _fill(self) -> None:
        """Puts into the open item what was told of it."""
        said = "".join(self._pieces)
        match self._output[-1]:
            case Said() as item:
                self._output[-1] = replace(item, parts=(said,))
            case Called() as item:
                self._output[-1] = replace(item, call=replace(item.call, arguments=said))

    def _frames(self, events: Iterable[Event]) -> bytes:
        frames = []
        for kind, fields in events:
            told = {"type": kind, "sequence_number": self._number, **fields}
            frames.append(wire.event(kind, told))
            self._number += 1
        return b"".join(frames)
