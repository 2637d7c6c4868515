"""What every request passes on its way in: its Host, and its body's size, patience and form."""

import asyncio
from collections.abc import Collection

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.refusing import response
from api.unreadable import BodyTooLarge, BodyTooSlow, Encoded, Malformed

MIB = 2**20
UPLOADS = ("/v1/files",)
UPLOAD_BYTES = 201 * MIB  # a file of the largest size and the form around it; files have limits of
UPLOAD_SECONDS = 900.0  # their own, which are found as they come


class Guard:
    """Refuses bodies above a limit, too slow to arrive or compressed, more or fewer than one Host
    and, where `hosts` names our own, any other Host: while there are no keys, a web page whose
    name points at us could ask."""

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
            return
        upload = scope["path"] in UPLOADS
        most = max(UPLOAD_BYTES, self.max_body) if upload else self.max_body
        if (refusal := self._refusal(scope, most)) is not None:
            await response(refusal)(scope, receive, send)
        else:
            seconds = UPLOAD_SECONDS if upload else self.body_seconds
            await self.app(scope, _limited(receive, most, seconds), send)

    def _refusal(self, scope: Scope, most: int) -> HTTPException | None:
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 and (hosts or scope.get("http_version") == "1.1"):
            return Malformed("send one Host header")
        if not all(map(self._ours, hosts)):
            return HTTPException(421, "this server answers to its own name only: see --host")
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value) > most:
                return BodyTooLarge(most)
            if name == b"content-encoding" and value.lower() != b"identity":
                return Encoded()
        return None

    def _ours(self, host: bytes) -> bool:
        return self.hosts is None or hostname(host.decode("latin-1")) in self.hosts


def _limited(receive: Receive, most: int, seconds: float) -> Receive:
    """`receive` until the body is there, counted and timed; then plain, as it then waits for the
    client's leaving."""
    taken = 0
    deadline = asyncio.get_running_loop().time() + seconds
    complete = False

    async def limited() -> Message:
        nonlocal taken, complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise BodyTooSlow(seconds) from error
        taken += len(message.get("body", b""))
        if taken > most:
            raise BodyTooLarge(most)
        complete = not message.get("more_body", False)
        return message

    return limited


def hostname(host: str) -> str:
    """`localhost` of `localhost:8000`, `::1` of `[::1]:8000`; what is odd is left as it is."""
    name, _, port = host.rpartition(":")
    name = name if port.isdecimal() else host
    return name.removeprefix("[").removesuffix("]").lower()
