"""HTTP as bytes: what no well-behaved client would send."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Heard:
    """One response, and what came after it on the connection."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    rest: bytes = b""  # until the server closed the connection


async def said(address: str, request: bytes, seconds: float = 20.0) -> Heard:
    """What a server answers to these bytes, and until it closes the connection."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(request)
        async with asyncio.timeout(seconds):
            return parsed(await reader.read())
    finally:
        writer.close()


def parsed(answer: bytes) -> Heard:
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *pairs = head.decode("latin-1").split("\r\n")
    headers = dict(pair.lower().split(": ", 1) for pair in pairs)
    length = int(headers.get("content-length", 0))
    return Heard(int(line.split()[1]), headers, body[:length], body[length:])


def head(method: str, target: str, *lines: str, host: str | None = "localhost") -> bytes:
    named = [] if host is None else [f"host: {host}"]
    all_ = [f"{method} {target} HTTP/1.1", *named, *lines, "connection: close", "", ""]
    return "\r\n".join(all_).encode("latin-1")
