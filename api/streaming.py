"""A verdict as server-sent events, in the form OpenAI's clients read."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api import wire
from api.completion import Completion
from api.errors import HungUp
from api.feed import Answering, Feed, feeding
from api.race import unless_hung_up
from api.refusing import document, told
from experts.types import Chunk
from orchestrator.types import Event, Verdict, Working

logger = logging.getLogger(__name__)
SILENCE = 10.0  # seconds after which a comment keeps proxies from closing the connection
CONTENT = b'"content":""'  # no model's name has this in it once its quotes are escaped
HEAD_START = 1.0  # seconds in which a failing panel still gets its own status


class Dialect(Protocol):
    """What one API says of a verdict as it comes about, in bytes. Speaks of one verdict only."""

    def opening(self) -> bytes: ...

    def piece(self, piece: Chunk) -> bytes:
        """Of its text; not empty."""
        ...

    async def ending(self, verdict: Verdict) -> bytes:
        """After the last piece. May wait for what has to be done before it can be said."""
        ...

    def failure(self, error: Exception) -> bytes:
        """In place of an ending."""
        ...


class Chunks:
    """The dialect of chat completions."""

    def __init__(self, completion: Completion) -> None:
        self._completion = completion
        # Pieces of text differ in nothing else, so what is around it is written once.
        around = wire.data(completion.text("")).split(CONTENT, 1)
        self._before, self._after = around[0] + CONTENT[:-2], around[1]

    def opening(self) -> bytes:
        return wire.data(self._completion.first())

    def piece(self, piece: Chunk) -> bytes:
        if piece.calls or piece.logprobs:
            return wire.data(self._completion.piece(piece))
        return self._before + wire.dumps(piece.text) + self._after

    async def ending(self, verdict: Verdict) -> bytes:
        frames = [wire.data(self._completion.last(verdict))]
        if self._completion.include_usage:
            frames.append(wire.data(self._completion.usage(verdict)))
        return b"".join((*frames, wire.DONE))

    def failure(self, error: Exception) -> bytes:
        return wire.event("error", document(error))


class EventStream(StreamingResponse):
    """Streams a verdict. An error before the first byte is raised, for the app to answer with
    its own status; a later one ends the stream in the dialect's way."""

    def __init__(self, answer: Answering, dialect: Dialect) -> None:
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        super().__init__((), headers=headers, media_type="text/event-stream")
        self._answer = answer
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        complete = False

        async def sending(message: Message) -> None:
            nonlocal complete
            complete = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        async def leaving() -> Message:
            message = await receive()
            if complete:  # the server says the same at a response's end, and nobody has left
                await asyncio.Event().wait()
            return message

        try:
            await unless_hung_up(leaving, self._respond(sending))
        except HungUp as error:
            logger.info("%s", error, extra={"action": "client_hung_up"})

    async def _respond(self, send: Send) -> None:
        async with feeding(self._answer) as feed:
            await feed.settle(HEAD_START, SILENCE)
            self.body_iterator = frames(feed, self._dialect)
            await self.stream_response(send)


async def frames(feed: Feed, dialect: Dialect, silence: float = SILENCE) -> AsyncIterator[bytes]:
    """The bytes of the stream, those together that are at hand together. The pieces of text in it
    join to the verdict's."""
    ready = [dialect.opening()]
    try:
        sent = ""
        while True:
            if not feed.at_hand:
                yield b"".join(ready)
                ready.clear()
            if isinstance(heard := await feed.next(silence), Verdict):
                break
            ready += _framed(heard, dialect)
            sent += "".join([event.text for event in heard or () if isinstance(event, Chunk)])
        if rest := _rest(heard, sent):
            ready.append(dialect.piece(Chunk(rest)))
        if ready:  # the ending may have to be waited for
            yield b"".join(ready)
            ready.clear()
        ready.append(await dialect.ending(heard))
    except Exception as error:
        if told(error).status == 500:
            logger.exception("a stream failed", extra={"action": "stream_failed"})
        ready.append(dialect.failure(error))
    yield b"".join(ready)


def _framed(events: Sequence[Event] | None, dialect: Dialect) -> list[bytes]:
    """What is told of events, or of silence."""
    if events is None:
        return [wire.comment("working...")]
    return [
        wire.comment(f"working... {event.doing}")
        if isinstance(event, Working)
        else dialect.piece(event)
        for event in events
    ]


def _rest(verdict: Verdict, sent: str) -> str:
    if not verdict.text.startswith(sent):
        raise RuntimeError("the streamed text is not the beginning of the verdict's")
    return verdict.text[len(sent) :]
