"""The HTTP application: everything a client can reach."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import chat, embeddings, health, metrics, models
from api.access import Access
from api.batches import endpoints as batches
from api.document.openapi import Described
from api.endpoint import ANSWERED, Straight
from api.feedback import endpoint as feedback
from api.files import endpoints as files
from api.gate import MOST, Gate
from api.guard import MIB, Guard
from api.keys.entry import Entry
from api.opening import Failed, doorkeeper
from api.refusing import respond
from api.responses import endpoints as responses
from api.roster import endpoint as roster
from api.running import Opened
from api.telemetry.observers import Observers


def _ignored(_error: Exception) -> None:
    """For servers that watch /readyz instead."""


def create_app(
    opened: Opened,
    *,
    failed: Failed = _ignored,
    max_body: int = MIB,
    most: int = MOST,
    hosts: Collection[str] | None = None,
    observers: Observers | None = None,
) -> FastAPI:
    """The app around a service. It answers at once; what needs the service is refused with 503
    until `opened` has opened it. `failed` hears if it cannot. The service that `opened` opens
    tells the same `observers` of its deliberations."""
    observers = observers or Observers()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with doorkeeper(opened, failed) as door:
            app.state.door = door
            yield

    # The interactive docs would load scripts from elsewhere; a redirect would trust the Host.
    app = Described(
        title="Convene", lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.metrics = observers.metrics
    modules = (chat, responses, embeddings, files, batches, feedback, roster, models)
    for module in (*modules, health, metrics):
        app.include_router(module.router)
    for error in ANSWERED:
        app.add_exception_handler(error, respond)
    app.add_middleware(Straight, routes=app.routes)
    app.add_middleware(Entry)
    app.add_middleware(Gate, most=most)
    app.add_middleware(Guard, max_body=max_body, hosts=hosts)
    app.add_middleware(Access, observer=observers)
    return app
