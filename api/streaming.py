"""A verdict as server-sent events, in the form OpenAI's clients read."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api import wire
from api.completion import Completion
from api.errors import HungUp, document, told
from api.feed import Feed, feeding
from api.race import unless_hung_up
from orchestrator.types import Event, Text, Verdict, Working

logger = logging.getLogger(__name__)
SILENCE = 10.0  # seconds after which a comment keeps proxies from closing the connection
HEAD_START = 1.0  # seconds in which a failing panel still gets its own status


class EventStream(StreamingResponse):
    """Streams a verdict. An error before the first byte is raised, for the app to answer with
    its own status; a later one ends the stream as an `error` event."""

    def __init__(self, events: AsyncGenerator[Event, None], completion: Completion) -> None:
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        super().__init__((), headers=headers, media_type="text/event-stream")
        self._events = events
        self._completion = completion

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
        async with feeding(self._events) as feed:
            await feed.settle(HEAD_START, SILENCE)
            self.body_iterator = frames(feed, self._completion)
            await self.stream_response(send)


async def frames(
    feed: Feed, completion: Completion, silence: float = SILENCE
) -> AsyncIterator[bytes]:
    """The bytes of the stream, those together that are at hand together. The contents of its
    chunks join to the verdict's text."""
    ready = [wire.data(completion.first())]
    try:
        sent = ""
        while True:
            if not feed.at_hand:
                yield b"".join(ready)
                ready.clear()
            if isinstance(event := await feed.next(silence), Verdict):
                break
            sent += event.text if isinstance(event, Text) else ""
            ready += _framed(event, completion)
        yield b"".join([*ready, *_ending(event, sent, completion)])
    except Exception as error:
        if told(error).status == 500:
            logger.exception("a stream failed", extra={"action": "stream_failed"})
        yield b"".join([*ready, wire.failure(document(error))])


def _framed(event: Event | None, completion: Completion) -> list[bytes]:
    """What is told of an event, or of silence."""
    match event:
        case Text(text):
            return [wire.data(completion.text(text))] if text else []
        case Working(doing):
            return [wire.comment(f"working... {doing}")]
        case _:
            return [wire.comment("working...")]


def _ending(verdict: Verdict, sent: str, completion: Completion) -> list[bytes]:
    if not verdict.text.startswith(sent):
        raise RuntimeError("the streamed text is not the beginning of the verdict's")
    rest = verdict.text[len(sent) :]
    frames = [wire.data(completion.text(rest))] if rest else []
    frames.append(wire.data(completion.last(verdict)))
    if completion.include_usage:
        frames.append(wire.data(completion.usage(verdict)))
    return [*frames, wire.DONE]
