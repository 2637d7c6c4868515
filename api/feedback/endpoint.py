"""POST /v1/feedback: how good an answer was."""

import logging
from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.feedback.errors import UnknownAnswer
from api.keys.visitor import tenant
from api.opening import Open
from api.race import unless_hung_up
from api.strict import WHOLE, Body, problem
from api.wire import Json
from orchestrator.feedback import Judgement

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/v1")
EXAMPLE: JsonDict = {"request_id": "req_0123456789abcdef01234567", "answer": "42"}


class FeedbackBody(Body):
    """One judgement of one answer: a score, or whether it was right, or what is right."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    request_id: Annotated[
        str,
        Field(min_length=1, max_length=128, description="The response's `x-request-id`."),
        WHOLE,
    ]
    score: Annotated[float | None, Field(ge=0, le=1)] = None
    correct: bool | None = None
    answer: Annotated[str | None, Field(min_length=1, max_length=4000), WHOLE] = None
    expert: Annotated[str | None, Field(min_length=1, max_length=64), WHOLE] = None
    comment: Annotated[str | None, Field(max_length=4000), WHOLE] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [self.score, self.correct, self.answer]
        if sum(each is not None for each in said) != 1:
            message = "send one of 'score', 'correct' and 'answer'"
            raise problem("invalid_value", message, "score")
        if self.answer is not None and self.expert is not None:
            message = "is for a score; an 'answer' judges everybody who replied"
            raise problem("invalid_value", message, "expert")
        return self

    @property
    def judgement(self) -> Judgement:
        score = self.score if self.correct is None else float(self.correct)
        return Judgement(score, self.answer, self.expert)


@router.post("/feedback")
async def feedback(body: FeedbackBody, running: Open, http: Request) -> Response:
    """Judges an answer of one's own tenant; again, and it replaces what was said before."""
    if running.feedback is None:
        raise UnknownAnswer(0)
    giving = running.feedback.give(tenant(http.scope), body.request_id, body.judgement)
    credited = await unless_hung_up(http.receive, giving)
    logger.info("feedback", extra={"action": "feedback", "comment": body.comment})
    told = {"object": "feedback", "request_id": body.request_id, "credited": credited}
    return Json(told)
