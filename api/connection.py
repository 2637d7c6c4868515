"""How bytes leave: what a response writes in one turn of the event loop goes out with one call."""

import asyncio
from typing import Any

from api.protocol import Bounded

MOST = 64 << 10  # bytes held before they are written at once


class Gathering:
    """A transport that holds what is written until the loop turns: a response's head and body, or
    the chunks that an expert sent together, cost one system call and not one each."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():  # nobody is there any more
            self._transport.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(Bounded):
    """uvicorn's, with bounded heads and writes gathered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathering(transport))  # type: ignore[arg-type]
