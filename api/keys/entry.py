"""The entrance: nobody gets past it without a key, where keys are asked for."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import NotOpen
from api.keys.errors import KeysError
from api.keys.headers import headers
from api.keys.visitor import OPEN, VISITOR, Visitor, permit
from api.refusing import response

OURS = b"x-convene-"  # what we tell; nobody tells us
AUTHORIZATION = b"authorization"  # servers hand us names in lower case
SCHEME = "bearer"


class Entry:
    """Reads the key, judges by the scope's path, and takes the key out of the request, so that
    nothing behind can log it. Whoever asks is known from the key; no header says it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        running = scope["app"].state.door.running
        if running is None:  # nor is it known yet if keys are asked for
            await response(NotOpen())(scope, receive, send)
            return
        token = bearer(scope)
        scope["headers"] = [
            (name, value)
            for name, value in scope["headers"]
            if name != AUTHORIZATION and not name.startswith(OURS)
        ]
        if (keys := running.keys) is None:
            await self.app(scope, receive, send)
            return
        try:
            key = await keys.keeper.admit(token)
            permit(key, scope["path"])
        except KeysError as error:
            await response(error)(scope, receive, send)
            return
        scope[VISITOR] = visitor = Visitor(key, keys)
        await self.app(scope, receive, _telling(visitor, send))


def bearer(scope: Scope) -> str | None:
    """The token; None where there is none, or more than one."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == AUTHORIZATION]
    scheme, _, token = lines[0].partition(" ") if len(lines) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == SCHEME else None


def _telling(visitor: Visitor, send: Send) -> Send:
    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start" and visitor.standing is not None:
            ours = headers(visitor.standing, time.time())
            message = {**message, "headers": [*message["headers"], *ours]}
        await send(message)

    return telling
