"""GET /metrics: what Prometheus reads."""

import asyncio

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from api.opening import door
from api.running import Running
from api.telemetry.circuits import circuit_registry
from api.telemetry.engines import engine_registry
from api.telemetry.metrics import Metrics
from experts.engines.generation import EngineStatus

router = APIRouter()
SECONDS = 2.0  # engines that say nothing for longer are left out: a scrape has a deadline too


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts since the start, and the engines as they are now."""
    kept: Metrics = request.app.state.metrics
    kept.tasks.set(len(asyncio.all_tasks()))
    running = door(request).running
    engines = engine_registry(await _statuses(running) if running else [])
    circuits = circuit_registry(running.circuits() if running else {})
    body = await asyncio.to_thread(
        lambda: b"".join(map(generate_latest, (kept.registry, engines, circuits)))
    )
    return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _statuses(running: Running) -> list[EngineStatus] | None:
    try:
        async with asyncio.timeout(SECONDS):
            return await running.engines()
    except TimeoutError:
        return None
