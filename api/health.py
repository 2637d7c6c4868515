"""GET /healthz: the process lives. GET /readyz: it can answer questions."""

import asyncio

from fastapi import APIRouter, Request, Response

from api.opening import door
from api.running import Running
from api.wire import Json

router = APIRouter()
SECONDS = 5.0  # a check that takes longer is itself a reason not to be ready
LOOKING = 0.5  # seconds for what the service can do without: who probes waits no longer than one


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> Response:
    return Json({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(request: Request) -> Response:
    running = door(request).running
    awaiting = ["the experts to start"] if running is None else await _missing(running)
    if awaiting:
        headers = {"retry-after": "5"}
        return Json({"status": "waiting", "awaiting": awaiting}, status_code=503, headers=headers)
    degraded = [] if running is None else await _degraded(running)
    return Json({"status": "ready", "awaiting": [], "degraded": degraded})


async def _degraded(running: Running) -> list[str]:
    """What answers are given without. A service that answers is ready: to take it away from those
    who ask would be worse."""
    try:
        async with asyncio.timeout(LOOKING):
            return await running.degraded()
    except TimeoutError:
        return [f"the shared state, which did not answer within {LOOKING:g} s"]


async def _missing(running: Running) -> list[str]:
    try:
        async with asyncio.timeout(SECONDS):
            return await running.ready()
    except TimeoutError:
        return [f"the health check, which took more than {SECONDS:g} s"]
