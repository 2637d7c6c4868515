"""POST /v1/chat/completions and POST /v1/route."""

from functools import partial
from time import perf_counter

from fastapi import APIRouter, Request, Response

from api.bodies import ChatBody, RouteBody
from api.completion import Completion
from api.endpoint import Endpoint
from api.opening import Open
from api.race import unless_hung_up
from api.samples import answers, together
from api.streaming import Chunks, EventStream
from api.summary import summary
from api.wire import Json
from orchestrator.story import route_story

router = APIRouter(prefix="/v1", route_class=Endpoint)


@router.post("/chat/completions")
async def chat(body: ChatBody, running: Open, http: Request) -> Response:
    """Answers a conversation with a panel of experts; streams if asked to."""
    started = perf_counter()
    request = body.request(running.service)
    completion = Completion(body.model, body.include_usage, body.convene.explain)
    if body.stream:
        return EventStream(partial(running.service.answer, request), Chunks(completion))
    verdicts = await unless_hung_up(http.receive, answers(running.service, request, body.n))
    verdict = together(verdicts)
    return Json(
        completion.whole(verdict, verdicts), headers=summary(verdict, perf_counter() - started)
    )


@router.post("/route")
async def route(body: RouteBody, running: Open, http: Request) -> Response:
    """Says who would be asked, and why, without asking."""
    request = body.request(running.service)
    chosen = await unless_hung_up(http.receive, running.service.route(request))
    return Json(route_story(chosen))
