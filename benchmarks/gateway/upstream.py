"""The model server that stands behind every gateway: an OpenAI-compatible one that knows one reply.

    python -m benchmarks.gateway.upstream PORT

The path says how slow it is: `/FIRST/EACH/v1/chat/completions` waits FIRST milliseconds before the
reply and EACH more before every token of a stream. A number before `v1` is the answer that a plain
reply ends with, for panels that are to disagree. Nothing is parsed that need not be, so that what
is measured is the gateway.
"""

import asyncio
import json
import re
import sys
from functools import cache
from typing import Any, cast

import uvloop

TOKENS = [f"word{place} " for place in range(20)]
TEXT = "".join(TOKENS)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
STREAMED = re.compile(rb'"stream": ?true')
USED = {"prompt_tokens": 24, "completion_tokens": len(TOKENS), "total_tokens": 24 + len(TOKENS)}
HEAD = {"id": "chatcmpl-benchmark", "created": 1_700_000_000, "model": "benchmark"}


@cache
def whole(answer: str = "") -> bytes:
    text = f"{TEXT}The answer is {answer}." if answer else TEXT
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    document = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USED}
    body = json.dumps(document).encode()
    kind = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    return kind + b"content-length: %d\r\n\r\n" % len(body) + body


def _event(document: dict[str, Any] | None) -> bytes:
    data = b"data: " + (json.dumps(document).encode() if document else b"[DONE]") + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({**HEAD, "object": "chat.completion.chunk", "choices": [choice]})


OPENING = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    + _chunk({"role": "assistant", "content": ""})
)
PIECES = [_chunk({"content": token}) for token in TOKENS]
ENDING = (
    _chunk({}, "stop")
    + _event({**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USED})
    + _event(None)
    + b"0\r\n\r\n"
)
STREAM = OPENING + b"".join(PIECES) + ENDING


class Upstream(asyncio.Protocol):
    """One connection of a gateway."""

    transport: asyncio.WriteTransport

    def __init__(self) -> None:
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no such class

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, blank, body = self.held.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not blank or len(body) < int(length[1] if length else 0):
            return
        self.held = b""
        _, first, each, answer, *_ = head.split(b" ", 2)[1].split(b"/")
        streamed = STREAMED.search(body) is not None
        if not streamed:
            self._later(int(first) / 1000, whole(answer.decode() if answer.isdigit() else ""))
        elif each == b"0":
            self._later(int(first) / 1000, STREAM)
        else:
            self._stream(int(first) / 1000, int(each) / 1000)

    def _stream(self, first: float, each: float) -> None:
        self._later(first, OPENING)
        for place, piece in enumerate(PIECES, start=1):
            self._later(first + place * each, piece)
        self._later(first + len(PIECES) * each, ENDING)

    def _later(self, seconds: float, data: bytes) -> None:
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._write, data)
        else:
            self.transport.write(data)

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
