"""A real OpenAI-compatible HTTP server for tests, which misbehaves when told to."""

import asyncio
import json
import struct
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Call:
    """A request as it arrived."""

    body: dict[str, Any]
    headers: dict[str, str]
    port: int  # the client's: tells connections apart
    request: web.Request

    @property
    def question(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))


Behaviour = Callable[[Call], Awaitable[web.StreamResponse]]


def echoes() -> Behaviour:
    """Says back what it was asked."""

    async def behave(call: Call) -> web.StreamResponse:
        return await says(f"You asked: {call.question}")(call)

    return behave


def embeds(dimensions: int = 3, *, base64: bool = True, tokens: int | None = None) -> Behaviour:
    """A vector for each input, that tells its length and place; a token is a word, unless told.
    Without `base64` numbers are sent whatever was asked for."""

    async def behave(call: Call) -> web.StreamResponse:
        inputs = call.body["input"]
        numbers = call.body.get("dimensions", dimensions)
        rows = [vector(item, place, numbers) for place, item in enumerate(inputs)]
        packed = base64 and call.body.get("encoding_format") == "base64"
        written = [b64encode(struct.pack(f"<{numbers}f", *row)).decode() for row in rows]
        data = [
            {"object": "embedding", "index": place, "embedding": row}
            for place, row in enumerate(written if packed else rows)
        ]
        words = sum(len(item.split() if isinstance(item, str) else item) for item in inputs)
        used = {"prompt_tokens": words if tokens is None else tokens}
        return web.json_response({"object": "list", "data": data[::-1], "usage": used})

    return behave


def vector(item: str | list[int], place: int, dimensions: int = 3) -> list[float]:
    """What the server makes of an input."""
    return [float(len(item)), float(place), *[0.5] * (dimensions - 2)][:dimensions]


@dataclass
class OpenAIServer:
    """Behaves as `next` says, call by call, and then as `default` does."""

    url: str = ""  # up to and with /v1
    calls: list[Call] = field(default_factory=list)
    running: int = 0  # calls neither answered nor abandoned
    most: int = 0  # that ran at once
    next: deque[Behaviour] = field(default_factory=deque)
    default: Behaviour = field(default_factory=echoes)
    embedding: Behaviour = field(default_factory=embeds)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        port = request.transport.get_extra_info("peername")[1] if request.transport else 0
        call = Call(await request.json(), dict(request.headers), port, request)
        self.calls.append(call)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            default = self.embedding if request.path.endswith("/embeddings") else self.default
            return await (self.next.popleft() if self.next else default)(call)
        finally:
            self.running -= 1


@asynccontextmanager
async def serving() -> AsyncIterator[OpenAIServer]:
    """A server on a free local port. A client that goes away cancels its call."""
    server = OpenAIServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.handle)
    app.router.add_post("/v1/embeddings", server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


def says(text: str, finish: str = "stop", usage: bool = True) -> Behaviour:
    """A reply, streamed word by word where that is asked for."""

    async def behave(call: Call) -> web.StreamResponse:
        if not call.streams:
            return web.json_response(completion(call, text, finish, usage))
        words = text.split(" ")
        pieces = [word if i == 0 else f" {word}" for i, word in enumerate(words)]
        payloads = [event(call, {"role": "assistant", "content": ""})]
        payloads += [event(call, {"content": piece}) for piece in pieces]
        payloads += [event(call, {}, finish)]
        if usage:
            payloads += [{**event(call), "usage": used(call, text)}]
        return await streams(*payloads, "[DONE]")(call)

    return behave


def calls_tools(*called: tuple[str, str, str], piece: int = 3) -> Behaviour:
    """Calls of tools (id, name, arguments), streamed in pieces of so many characters."""
    calls = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_, name, arguments in called
    ]

    async def behave(call: Call) -> web.StreamResponse:
        if not call.streams:
            payload = completion(call, None, "tool_calls")
            payload["choices"][0]["message"]["tool_calls"] = calls
            return web.json_response(payload)
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
        for index, (id_, name, arguments) in enumerate(called):
            function = {"name": name, "arguments": ""}
            begun = {"index": index, "id": id_, "type": "function", "function": function}
            deltas.append({"tool_calls": [begun]})
            for start in range(0, len(arguments), piece):
                function = {"arguments": arguments[start : start + piece]}
                deltas.append({"tool_calls": [{"index": index, "function": function}]})
        payloads = [event(call, delta) for delta in deltas]
        payloads += [event(call, {}, "tool_calls"), {**event(call), "usage": used(call, "")}]
        return await streams(*payloads, "[DONE]")(call)

    return behave


def answers(payload: Any, status: int = 200, **headers: str) -> Behaviour:
    """Some JSON, whatever it is. `Retry_After` names a header Retry-After."""

    async def behave(_: Call) -> web.StreamResponse:
        return web.json_response(payload, status=status, headers=_named(headers))

    return behave


def refuses(status: int, message: str = "", **headers: str) -> Behaviour:
    """An error in OpenAI's shape."""
    payload = {"error": {"message": message, "type": "error", "code": None}}
    return answers(payload, status, **headers)


def sends(
    body: bytes, status: int = 200, content_type: str = "text/html", **headers: str
) -> Behaviour:
    """Bytes that need not be JSON."""

    async def behave(_: Call) -> web.StreamResponse:
        named = {"Content-Type": content_type} | _named(headers)
        return web.Response(body=body, status=status, headers=named)

    return behave


def hangs() -> Behaviour:
    """Takes the request and never sends so much as a header."""

    async def behave(_: Call) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    return behave


def streams(*payloads: dict[str, Any] | str | bytes, then: str = "end") -> Behaviour:
    """Events, raw where they are bytes; then the stream's `end`, a `cut` line, or it `hangs` or
    sends but `keep-alives`."""

    async def behave(call: Call) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(call.request)
        for payload in payloads:
            await response.write(_written(payload))
        if then == "cut" and call.request.transport:
            call.request.transport.abort()
        while then == "keep-alives":
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.01)
        if then == "hangs":
            await asyncio.Event().wait()
        return response

    return behave


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _written(payload: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(payload, bytes):
        return payload
    data = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return f"data: {data}\n\n".encode()


def event(
    call: Call | None = None, delta: dict[str, Any] | None = None, finish: str | None = None
) -> dict[str, Any]:
    """One event of a stream; without a delta, one without choices."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": call.body["model"] if call else "model",
        "choices": [] if delta is None else [choice],
    }


def completion(
    call: Call, text: str | None, finish: str = "stop", usage: bool = True
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": call.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    } | ({"usage": used(call, text or "")} if usage else {})


def used(call: Call, text: str) -> dict[str, int]:
    """A token is a word."""
    asked = sum(len((message["content"] or "").split()) for message in call.body["messages"])
    said = len(text.split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
