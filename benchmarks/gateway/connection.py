"""One client connection: a request's bytes out, its response and when each part of it came."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast


@dataclass(slots=True)
class Response:
    """What came back. `arrivals`: by when how many bytes of the body were there."""

    status: int
    head: bytes = b""  # in lower case
    body: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, float]] = field(default_factory=list)

    def pieces(self) -> list[tuple[str, float]]:
        """Of a stream: its pieces of text, and when each was there."""
        found: list[tuple[str, float]] = []
        arrivals = iter(self.arrivals)
        length, at = next(arrivals, (0, 0.0))
        end = 0
        for event in bytes(self.body).split(b"\n\n"):
            end += len(event) + 2
            while length < end - 2:
                length, at = next(arrivals)
            if event.startswith(b"data: {"):
                choices = json.loads(event[6:]).get("choices") or [{}]
                if text := choices[0].get("delta", {}).get("content"):
                    found.append((text, at))
        return found


Done = Callable[["Connection", Response], None]


class Connection(asyncio.Protocol):
    """Keeps alive; one request at a time. Status 0: the server closed it in between."""

    transport: asyncio.WriteTransport

    def __init__(self) -> None:
        self._done: Done | None = None
        self._held = b""
        self._response: Response | None = None
        self._left: int | None = None  # bytes of the body; None: it comes in chunks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no such class

    def ask(self, request: bytes, done: Done) -> None:
        self._done, self._held, self._response = done, b"", None
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if self._response is None and not self._headed():
            return
        response = self._response
        assert response is not None
        ended = self._chunks(response) if self._left is None else self._portion(response)
        response.arrivals.append((len(response.body), perf_counter()))
        if ended:
            self._finish(response)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._done is not None:
            self._finish(Response(0))

    def _finish(self, response: Response) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(self, response)

    def _headed(self) -> bool:
        head, blank, rest = self._held.partition(b"\r\n\r\n")
        if not blank:
            return False
        head = head.lower()
        length = [line for line in head.split(b"\r\n") if line[:15] == b"content-length:"]
        self._left = int(length[0][15:]) if length else None
        self._response, self._held = Response(int(head[9:12]), head), rest
        return True

    def _portion(self, response: Response) -> bool:
        response.body += self._held
        self._held = b""
        return len(response.body) >= (self._left or 0)

    def _chunks(self, response: Response) -> bool:
        """Takes whole chunks out of what is held; whether the last is among them."""
        held, at = self._held, 0
        while (line := held.find(b"\r\n", at)) >= 0:
            size = int(held[at:line], 16)
            if len(held) < line + 4 + size:
                break
            if size == 0:
                return True
            response.body += held[line + 2 : line + 2 + size]
            at = line + 4 + size
        self._held = held[at:]
        return False
