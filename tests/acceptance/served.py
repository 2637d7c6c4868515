"""A real server on a free port, in this process, around a real service of scripted experts."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from openai import AsyncOpenAI

from api.app import create_app
from api.batches.desk import Desk
from api.embedders.local import LocalModel
from api.embedders.model import ENCODER, EmbeddingModel, Terms
from api.keys.visitor import Keys
from api.responses.store import Store
from api.running import Running
from api.running import Service as AnyService
from experts.base import Expert
from orchestrator.panel import Panel
from orchestrator.service import Service
from orchestrator.telemetry import Observer, unobserved
from routing.evidence import Evidence
from routing.router import Router
from tests.encoders import LONGEST, BagOfWords
from tests.routes import NoSkills


async def healthy():
    return []


def service_of(*experts: Expert, observer: Observer = unobserved) -> Service:
    """The orchestrator's own service over these experts, who are all believed equal."""
    named = {expert.name: expert for expert in experts}
    router = Router(tuple(named), NoSkills(), Evidence.none(tuple(named)))
    return Service(Panel(named), router, observer=observer)


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server listens, and OpenAI's own client to it."""

    url: str
    client: AsyncOpenAI


@asynccontextmanager
async def served(
    service: AnyService,
    *,
    keys: Keys | None = None,
    key: str = "none",
    responses: Store | None = None,
    desk: Desk | None = None,
    embedders: Mapping[str, EmbeddingModel] | None = None,
    **options,
) -> AsyncIterator[Served]:
    @asynccontextmanager
    async def opened():
        encoder = LocalModel(ENCODER, BagOfWords(), Terms(longest=LONGEST))
        models = {ENCODER: encoder, **(embedders or {})}
        yield Running(service, healthy, keys=keys, desk=desk, embedders=models, responses=responses)

    config = uvicorn.Config(
        create_app(opened, **options), log_config=None, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        running = asyncio.create_task(server.serve(sockets=[bound]), name="serve")
        try:
            async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=9) as client:
                await client.models.list()  # retried until the service is open
                yield Served(url, client.with_options(max_retries=0))
        finally:
            server.should_exit = True
            await running
