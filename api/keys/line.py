"""One connection to Redis for what every request asks of it.

What is asked in one turn of the event loop goes out with one call and is answered in order. Redis's
own client takes a connection for each command, and ten times as long.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import InvalidResponse, RedisError, ResponseError

PATIENCE = 1.0  # seconds; a connection that owes an answer for longer is given up


def _ignored() -> None:
    """For whoever keeps nothing."""


class Line:
    """Connects when it is first asked, and again after the connection was lost. Where `changed`
    is given, Redis says of everything that was read here when it changes, as far as it can."""

    def __init__(self, redis: Redis, changed: Callable[[], None] | None = None) -> None:
        self._pool = redis.connection_pool
        self._changed = changed
        self._connecting = asyncio.Lock()
        self._held: AbstractConnection | None = None
        self._wire: Wire | None = None

    @property
    def told(self) -> bool:
        """Whether a change would be told."""
        return self._wire is not None and self._wire.tracking and not self._wire.broken

    async def ask(self, *command: str | int) -> Any:
        """Redis's answer. Raises `RedisError`. Waits as long as it takes: who asks has a deadline,
        and who asks after a deadline was missed is given a new connection."""
        wire = self._wire
        if wire is None or wire.broken:
            wire = await self._connected()
        return await wire.ask(command)

    async def _connected(self) -> "Wire":
        """Through the client, which knows about addresses, passwords and TLS."""
        async with self._connecting:
            if self._wire is not None and not self._wire.broken:
                return self._wire
            if self._held is not None:
                held, self._held = self._held, None
                await held.disconnect(nowait=True)
                await self._pool.release(held)
            self._held = await self._pool.get_connection()  # type: ignore[no-untyped-call]
            writer = self._held._writer  # there is no other way to its transport
            transport = cast(asyncio.Transport, cast(asyncio.StreamWriter, writer).transport)
            self._wire = Wire(transport, self._changed or _ignored)
            if self._changed is not None:
                await self._wire.track()
            return self._wire


class Wire(asyncio.Protocol):
    """A connection that is open: commands out, answers in the same order back."""

    def __init__(self, transport: asyncio.Transport, changed: Callable[[], None]) -> None:
        self._transport = transport
        self._changed = changed
        self.tracking = False
        self._client = transport.get_protocol()  # is still told of the end: it waits for that
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=ResponseError)
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._awaited: deque[tuple[asyncio.Future[Any], float]] = deque()  # and since when
        transport.set_protocol(self)

    @property
    def broken(self) -> bool:
        """Whether it is of no more use."""
        if self._awaited and self._given_up(*self._awaited[0]):
            self._lose(Disconnected(f"no answer within {PATIENCE:g} s"))
        return self._transport.is_closing()

    def _given_up(self, answer: "asyncio.Future[Any]", since: float) -> bool:
        """Whether nobody waits for this answer any more, which is long overdue. While somebody
        does, it may be that this process is late and Redis is not."""
        return answer.done() and self._loop.time() - since > PATIENCE

    async def track(self) -> None:
        """Has Redis 6 or later tell of changes; another, or one that may not, does not."""
        try:
            await self.ask(("HELLO", 3))
            await self.ask(("CLIENT", "TRACKING", "ON"))
        except ResponseError:
            return
        self.tracking = True

    def ask(self, command: tuple[str | int, ...]) -> "asyncio.Future[Any]":
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(hiredis.pack_command(command))  # type: ignore[arg-type]
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._awaited.append((answer, self._loop.time()))
        return answer

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (said := self._reader.gets()) is not False:
                if isinstance(said, hiredis.PushNotification):
                    self._changed()
                else:
                    self._answer(said)
        except InvalidResponse as error:
            self._lose(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(self._client, asyncio.Protocol):
            self._client.connection_lost(exc)
        self._lose(Disconnected("Connection closed by server."))

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(unsent))

    def _answer(self, said: Any) -> None:
        answer, _ = self._awaited.popleft()
        if answer.done():  # who asked is gone
            return
        if isinstance(said, ResponseError):
            answer.set_exception(said)
        else:
            answer.set_result(said)

    def _lose(self, error: RedisError) -> None:
        self._transport.close()
        self._changed()  # or nobody would know
        while self._awaited:
            answer, _ = self._awaited.popleft()
            if not answer.done():
                answer.set_exception(error)
