"""Gives every request an id, logs how it ended, and answers for bugs."""

import logging
import re
import secrets
import time
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.refusing import response
from api.telemetry.requests import RequestFinished, RequestStarted
from orchestrator.telemetry import Observer, unobserved

logger = logging.getLogger(__name__)
NO_REQUEST = "-"
REQUEST: ContextVar[str] = ContextVar("request", default=NO_REQUEST)  # for log lines in between
# The caller's span, a W3C traceparent; "" without one.
PARENT: ContextVar[str] = ContextVar("parent", default="")
LABEL = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
PROBES = ("/healthz", "/readyz")


class Access:
    """The outermost layer. An inbound X-Request-ID is the caller's label: it is logged if it is
    plain and short, and never used as a key."""

    def __init__(self, app: ASGIApp, observer: Observer = unobserved) -> None:
        self.app = app
        self.observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit(scope, send)
        REQUEST.set(visit.id)
        PARENT.set(given(scope, b"traceparent"))
        self.observer(RequestStarted())
        try:
            await self.app(scope, receive, visit.send)
        except Exception as error:
            logger.exception("request %s failed", visit.id, extra={"action": "request_failed"})
            if visit.status is not None:
                raise  # too late for an answer; the server closes the connection
            await response(error)(scope, receive, visit.send)
        finally:
            visit.log()
            self.observer(visit.finished())


class Visit:
    """One request, from its first byte to its last."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.id = f"req_{secrets.token_hex(12)}"
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            ours = (b"x-request-id", self.id.encode())
            message = {**message, "headers": [*message.get("headers", ()), ours]}
        await self._send(message)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def finished(self) -> RequestFinished:
        route = getattr(self._scope.get("route"), "path", None)  # the router leaves it there
        return RequestFinished(self._scope["method"], route, self.status, self.seconds)

    def log(self) -> None:
        path: str = self._scope["path"]
        level = logging.DEBUG if path in PROBES else logging.INFO
        if not logger.isEnabledFor(level):
            return
        extra = {
            "action": "request_finished",
            "request": self.id,
            "label": label(given(self._scope, b"x-request-id")),
            "status": self.status,
            "seconds": round(self.seconds, 4),
        }
        # %r: a path may hold line breaks that would forge log lines
        logger.log(level, "%s %.200r %s", self._scope["method"], path, self.status, extra=extra)


def given(scope: Scope, name: bytes) -> str:
    """A header of the request; "" where it has none."""
    found = (value for header, value in scope["headers"] if header == name)
    return next(found, b"").decode("latin-1")


def label(inbound: str) -> str | None:
    """The caller's id if it is fit for a log line."""
    return inbound if LABEL.fullmatch(inbound) else None
