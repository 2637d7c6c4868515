"""POST /v1/responses, and what is kept under /v1/responses/{response_id}."""

from functools import partial
from time import perf_counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.errors import Unfit
from api.keys.visitor import tenant
from api.opening import Open
from api.race import unless_hung_up
from api.responses.body import ResponseBody
from api.responses.document import Draft, items
from api.responses.errors import ResponsesAway, UnknownPrevious, UnknownResponse
from api.responses.events import Events
from api.responses.items import Answered, Item, document
from api.responses.record import Record
from api.responses.store import Store
from api.streaming import EventStream
from api.summary import summary
from api.wire import Json
from orchestrator.types import Verdict

LOST = "it was to be kept, but Redis does not answer: nothing can go on from it"
TOO_LARGE = "it was to be kept, but is larger than service.response_mib: nothing can go on from it"

router = APIRouter(prefix="/v1/responses")


async def _mine(running: Open, http: Request) -> Store:
    if running.responses is None:
        raise ResponsesAway
    return running.responses.of(tenant(http.scope))


Mine = Annotated[Store, Depends(_mine)]


@router.post("")
async def create(body: ResponseBody, running: Open, http: Request) -> Response:
    """Answers an input, and the conversation before it; streams if asked to, keeps unless told."""
    started = perf_counter()
    mine = await _mine(running, http)
    before = await _before(body, mine)
    request = body.request(before, running.service)
    conversation, draft = (*before, *body.items), Draft(body)

    async def ended(verdict: Verdict, output: tuple[Answered, ...]) -> dict[str, Any]:
        return await _kept(draft, conversation, verdict, output, mine)

    if body.stream:
        return EventStream(partial(running.service.answer, request), Events(draft, ended))

    async def answered() -> tuple[Verdict, dict[str, Any]]:
        verdict = await running.service.answer(request)
        return verdict, await ended(verdict, items(verdict))

    verdict, response = await unless_hung_up(http.receive, answered())
    return Json(response, headers=summary(verdict, perf_counter() - started))


@router.get("/{response_id}")
async def retrieve(response_id: str, mine: Mine, stream: bool = False) -> Response:
    """One that is kept, as it was answered."""
    if stream:
        raise Unfit("stream", "what is kept is told at once; leave it out")
    return Json((await mine.find(response_id)).response)


@router.get("/{response_id}/input_items")
async def input_items(
    response_id: str,
    mine: Mine,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> Response:
    """All that it answered, what came before in its conversation included."""
    asked = (await mine.find(response_id)).asked
    return Json(_page(asked if order == "asc" else asked[::-1], after, limit))


@router.delete("/{response_id}")
async def delete(response_id: str, mine: Mine) -> Response:
    """Forgets it."""
    await mine.forget(response_id)
    return Json({"id": response_id, "object": "response", "deleted": True})


async def _before(body: ResponseBody, mine: Store) -> tuple[Item, ...]:
    """The conversation to go on from. Where Redis is away that is known before anybody is asked."""
    if body.previous_response_id is None:
        if body.store:
            await mine.reach()
        return ()
    try:
        return (await mine.find(body.previous_response_id)).conversation
    except UnknownResponse as error:
        raise UnknownPrevious(body.previous_response_id) from error


async def _kept(
    draft: Draft,
    conversation: tuple[Item, ...],
    verdict: Verdict,
    output: tuple[Answered, ...],
    mine: Store,
) -> dict[str, Any]:
    """The response, kept if it should be. One that was paid for and cannot be is told as such."""
    response = draft.finished(verdict, output)
    if not draft.body.store:
        return response
    try:
        kept = await mine.keep(Record(response, conversation, output))
    except ResponsesAway:
        return draft.finished(verdict, output, [LOST])
    return response if kept else draft.finished(verdict, output, [TOO_LARGE])


def _page(items: tuple[Item, ...], after: str | None, limit: int) -> dict[str, Any]:
    if after is not None:
        places = [place for place, item in enumerate(items) if item.id == after]
        if not places:
            raise Unfit("after", f"no item of this response has the id {after!r}")
        items = items[places[0] + 1 :]
    page = items[:limit]
    return {
        "object": "list",
        "data": [document(item) for item in page],
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
        "has_more": len(items) > limit,
    }
