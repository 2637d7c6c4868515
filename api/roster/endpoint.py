"""GET and POST /v1/experts, DELETE /v1/experts/{name}: who can be asked, for admins."""

import re
import time
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field, field_validator
from pydantic.config import JsonDict

from api.errors import NotOpen
from api.keys.visitor import visitor
from api.opening import Open
from api.race import unless_hung_up
from api.roster.errors import Fixed, Locked
from api.roster.live import Live, described
from api.roster.posted import Posted
from api.running import Running
from api.strict import WHOLE, Body
from api.wire import Json
from experts.cards import NAME, PATTERNS, Card

router = APIRouter(prefix="/v1/experts")
EXAMPLE: JsonDict = {
    "name": "far",
    "card": {"kind": "hosted", "model": "m", "base_url": "http://127.0.0.1:9000/v1"},
}


class ExpertBody(Body):
    """A card in the registry file's shape, as JSON, and its name."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    name: Annotated[str, Field(min_length=1, max_length=64), WHOLE]
    card: Annotated[dict[str, Any], Field(max_length=100)]

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not re.fullmatch(NAME, value):
            raise ValueError(PATTERNS[NAME])
        return value


@router.get("")
async def experts(running: Open) -> Response:
    """Every expert with where it comes from, what it is doing and what is known of it."""
    live = _live(running)
    serving = [_told(live, running, *each) for each in live.world.settings.experts.items()]
    draining = [_told(live, running, *each, state="draining") for each in live.draining.items()]
    return Json({"object": "list", "data": [*serving, *draining]})


@router.post("", status_code=201)
async def post(body: ExpertBody, running: Open, http: Request) -> Response:
    """Opens an expert that can be asked at once, here; by other workers within seconds."""
    live = _changeable(running, http)
    posted = Posted(body.name, body.card, time.time())
    await unless_hung_up(http.receive, live.admit(posted))
    return Json(_told(live, running, body.name, posted.card), status_code=201)


@router.delete("/{name}")
async def delete(name: str, running: Open, http: Request) -> Response:
    """Takes a posted expert out: it is asked nothing new, and closed when its replies are in."""
    live = _changeable(running, http)
    if name in live.file.experts:
        raise Fixed(name)
    await unless_hung_up(http.receive, live.dismiss(name))
    return Json({"object": "expert", "name": name, "deleted": True})


def _live(running: Running) -> Live:
    if running.live is None:  # a service that was put together some other way
        raise NotOpen
    return running.live


def _changeable(running: Running, http: Request) -> Live:
    """Where keys are asked for, none but an admin's got here; where none are, on the loopback
    address alone."""
    if running.locked and visitor(http.scope) is None:
        raise Locked
    return _live(running)


def _told(
    live: Live, running: Running, name: str, card: Card, state: str = "serving"
) -> dict[str, Any]:
    given = running.feedback.learned.given(name) if running.feedback else 0.0
    graded = live.knowledge.evidence.over([name]).total
    return {
        "object": "expert",
        "name": name,
        "source": "file" if name in live.file.experts else "posted",
        "state": state,
        "evidence": {"graded": round(graded, 3), "feedback": round(given, 3)},
        "card": described(card),
    }
