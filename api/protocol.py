"""How the server reads a request's head: within a size and a time, which uvicorn leaves open."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.refusing import document
from api.unreadable import HeadTooLarge, HeadTooSlow
from api.wire import dumps

MOST_BYTES = 64 * 1024  # of a request line and headers; one read of the socket may be on top
SECONDS = 10.0  # for all of them to arrive, and for a new connection to begin


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which does not wait for a head for ever or keep one of any size."""

    _seconds = SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._within_head = False
        self._taken = 0  # bytes of the head so far
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waited()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._within_head:
            self._taken += len(data)
            if self._taken > MOST_BYTES:
                self._refuse(HeadTooLarge(MOST_BYTES))
                return
        super().data_received(data)
        if self._within_head and self._waiting is None:
            self._wait()

    def on_message_begin(self) -> None:
        self._within_head, self._taken = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._within_head = False
        self._waited()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self._seconds, self._late)

    def _waited(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _late(self) -> None:
        if self._within_head:
            self._refuse(HeadTooSlow(self._seconds))
        else:
            self.transport.close()  # nothing was asked, so nothing is answered

    def _refuse(self, error: HeadTooLarge | HeadTooSlow) -> None:
        body = dumps(document(error))
        head = (
            f"HTTP/1.1 {error.status_code} {error.reason}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
