"""/v1/batches: have a file of requests answered, watch it, stop it, go on with it."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from api.batches.batch import Batch, Wish, cancelled, made, resumed
from api.batches.bodies import BatchBody
from api.batches.desk import Desk
from api.batches.events import events
from api.batches.progress import document
from api.errors import Unfit
from api.files.catalogue import Wanted
from api.files.commands import Command
from api.files.endpoints import PURPOSE, paged
from api.files.errors import NoSuch
from api.keys.visitor import tenant, visitor
from api.opening import AtDesk
from api.wire import Json

router = APIRouter(prefix="/v1/batches")


@router.post("")
async def create(body: BatchBody, desk: AtDesk, http: Request) -> Response:
    """Takes a file of requests to be answered within 24 hours, behind whoever waits."""
    whose, batches = tenant(http.scope), desk.batches
    try:
        file = await desk.files.catalogue.find(body.input_file_id, whose)
    except NoSuch as error:
        raise Unfit("input_file_id", f"{error}") from error
    if file.purpose != PURPOSE:
        raise Unfit("input_file_id", f"is of purpose {file.purpose!r}; upload it as {PURPOSE!r}")
    now = batches.clock()
    wish = Wish(file.id, body.endpoint, body.metadata)
    batch = made(wish, whose, _key(http), now)
    await batches.add(batch)
    desk.news.set()
    return await _told(desk, batch)


@router.get("")
async def listed(
    desk: AtDesk,
    http: Request,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The tenant's batches, the newest first."""
    page = await desk.batches.catalogue.page(tenant(http.scope), Wanted(limit, after))
    told = [document(batch, await desk.batches.counts(batch.id)) for batch in page.items]
    return Json(paged(page, told))


@router.get("/{id}")
async def one(id: str, desk: AtDesk, http: Request) -> Response:
    """Where a batch stands."""
    return await _told(desk, await desk.batches.catalogue.find(id, tenant(http.scope)))


@router.post("/{id}/cancel")
async def cancel(id: str, desk: AtDesk, http: Request) -> Response:
    """Asks no more of it. What has been answered is in its files."""
    batches = desk.batches
    await batches.catalogue.find(id, tenant(http.scope))
    now = batches.clock()
    batch = await batches.change(id, lambda b: cancelled(b, now), due=now)
    desk.news.set()
    return await _told(desk, batch)


@router.post("/{id}/resume")
async def resume(id: str, desk: AtDesk, http: Request) -> Response:
    """Goes on with one that was cancelled, has expired or has failed part-way: lines that have an
    answer are not asked again. Its earlier output and error files give way to new ones."""
    batches, whose, key = desk.batches, tenant(http.scope), _key(http)
    batch = await batches.catalogue.find(id, whose)
    now = batches.clock()
    resumed(batch, key, 0, now)  # raises what must be raised before anything is changed
    left = await batches.reopen(id)
    ids = [name for name in (batch.output, batch.failures) if name is not None]
    earlier = await desk.files.catalogue.look_at(ids)
    gone: list[Command] = []
    for file in earlier:  # the output's bytes are the results, and stay
        kept = file.id == batch.output
        gone += desk.files.catalogue.drop(file) if kept else desk.files.drop(file)
    batch = await batches.change(id, lambda b: resumed(b, key, left, now), due=now, also=gone)
    desk.news.set()
    return await _told(desk, batch)


@router.get("/{id}/events")
async def watch(id: str, desk: AtDesk, http: Request) -> Response:
    """Its progress as server-sent events, until it ends."""
    await desk.batches.catalogue.find(id, tenant(http.scope))

    async def told() -> AsyncIterator[bytes]:
        async for event in events(desk.batches, id):
            if await http.is_disconnected():
                return
            yield event

    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(told(), headers=headers, media_type="text/event-stream")


def _key(http: Request) -> str:
    """The key that lines are charged to."""
    whose = visitor(http.scope)
    return whose.key.id if whose else ""


async def _told(desk: Desk, batch: Batch) -> Response:
    return Json(document(batch, await desk.batches.counts(batch.id)))
