"""How many requests may be worked on at once: the rest are refused before they cost anything."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Busy
from api.refusing import response

MOST = 1000  # requests under /v1/ in flight


class Gate:
    """Health is always answered: a full service is not a broken one."""

    def __init__(self, app: ASGIApp, most: int = MOST) -> None:
        self.app = app
        self.most = most
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
        elif self.inside >= self.most:
            await response(Busy(self.most))(scope, receive, send)
        else:
            self.inside += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.inside -= 1
