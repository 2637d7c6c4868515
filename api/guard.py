"""What every request passes on its way in: the size and patience of its body, its Host."""

import asyncio
from collections.abc import Collection

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge, BodyTooSlow, response

MIB = 2**20


class Guard:
    """Refuses bodies above a limit or too slow to arrive and, where `hosts` names our own, any
    other Host: while there are no keys, a web page whose name points at us could ask."""

    def __init__(
        self,
        app: ASGIApp,
        max_body: int = MIB,
        body_seconds: float = 30.0,
        hosts: Collection[str] | None = None,
    ) -> None:
        self.app = app
        self.max_body = max_body
        self.body_seconds = body_seconds
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif (refusal := self._refusal(scope)) is not None:
            await response(refusal)(scope, receive, send)
        else:
            await self.app(scope, self._limited(receive), send)

    def _refusal(self, scope: Scope) -> HTTPException | None:
        for name, value in scope["headers"]:
            if name == b"host" and not self._ours(value):
                return HTTPException(421, "this server answers to its own name only: see --host")
            if name == b"content-length" and value.isdigit() and int(value) > self.max_body:
                return BodyTooLarge(self.max_body)
        return None

    def _ours(self, host: bytes) -> bool:
        return self.hosts is None or hostname(host.decode("latin-1")) in self.hosts

    def _limited(self, receive: Receive) -> Receive:
        """`receive` until the body is there, counted and timed; then plain, as it then waits for
        the client's leaving."""
        taken = 0
        deadline = asyncio.get_running_loop().time() + self.body_seconds
        complete = False

        async def limited() -> Message:
            nonlocal taken, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise BodyTooSlow(self.body_seconds) from error
            taken += len(message.get("body", b""))
            if taken > self.max_body:
                raise BodyTooLarge(self.max_body)
            complete = not message.get("more_body", False)
            return message

        return limited


def hostname(host: str) -> str:
    """`localhost` of `localhost:8000`, `::1` of `[::1]:8000`; what is odd is left as it is."""
    name, _, port = host.rpartition(":")
    name = name if port.isdecimal() else host
    return name.removeprefix("[").removesuffix("]").lower()
