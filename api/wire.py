"""Bytes for the wire: JSON responses and server-sent events."""

import json
from typing import Any

import orjson
from starlette.responses import Response


def dumps(document: Any) -> bytes:
    """Compact JSON in ASCII: half an emoji from a backend's stream survives as an escape, and some
    clients take characters beyond ASCII for the end of a line."""
    try:
        written = orjson.dumps(document)
    except orjson.JSONEncodeError:
        written = b""
    if written and written.isascii():
        return written
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


class Json(Response):
    """A JSON response of plain values; skips FastAPI's re-validation of what we built."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return dumps(content)


DONE = b"data: [DONE]\n\n"


def data(document: Any) -> bytes:
    """One event for the client's parser."""
    return b"data: " + dumps(document) + b"\n\n"


def event(name: str, document: Any) -> bytes:
    """One that says what it is. An `error` event is what a stream of chat chunks ends with when it
    cannot be finished."""
    return f"event: {name}\n".encode("ascii") + data(document)


def comment(text: str) -> bytes:
    """A line that clients skip and proxies count as life."""
    line = " ".join(text.split())  # a line break would end the comment
    return f": {line}\n\n".encode("utf-8", "replace")
