"""The one table from what went wrong to what the client is told, in OpenAI's error shape.

ApiError
├── NotOpen     the service is still opening, or closing
├── Busy        as many requests are in flight as may be
├── Unfit       a parameter has no such value here; names it
└── HungUp      the client is gone; nobody reads the answer
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi.exceptions import HTTPException, RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.feedback.errors import FeedbackAway, UnknownAnswer
from api.files.errors import Full, NoSuch, NotNow, TooLarge
from api.invalid import explained
from api.keys.errors import BadKey, Forbidden, KeysAway, OverLimit
from api.methods import allowed
from api.responses.errors import ResponsesAway, UnknownPrevious, UnknownResponse
from api.roster.errors import (
    BadCard,
    Fixed,
    Locked,
    RosterAway,
    Taken,
    UnknownExpert,
)
from api.wire import Json
from experts.errors import ExpertError
from experts.types import Cause, Failure
from orchestrator.errors import (
    OutOfTime,
    PanelFailed,
    QuestionTooLong,
    Refused,
    Unable,
    UnknownModel,
)


class ApiError(Exception):
    """The request has no answer for a reason of the HTTP layer's own."""


class NotOpen(ApiError):  # noqa: N818 - named for the state it reports
    """The service is still opening, or closing."""

    def __init__(self) -> None:
        super().__init__("the experts are still starting; GET /readyz says what is awaited")


class Busy(ApiError):  # noqa: N818 - named for the state it reports
    """As many requests are in flight as may be."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} requests are in flight, and that is the limit; ask again later")


class Unfit(ApiError):  # noqa: N818 - named for the state it reports
    """A parameter has a value that is valid, but not in this request or of this service."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param


class HungUp(ApiError):  # noqa: N818 - named for the state it reports
    """The client is gone; nobody reads the answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a client is told of one class of error. No `message`: the error's own."""

    status: int
    type: str
    code: str | None = None
    param: str | None = None
    message: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


TABLE: dict[type[Exception], Told] = {
    UnknownModel: Told(404, "invalid_request_error", "model_not_found", "model"),
    Refused: Told(400, "invalid_request_error", "invalid_value"),
    Unable: Told(400, "invalid_request_error", "unsupported_parameter"),
    Unfit: Told(400, "invalid_request_error", "invalid_value"),
    QuestionTooLong: Told(400, "invalid_request_error", "context_length_exceeded", "messages"),
    OutOfTime: Told(
        504,
        "panel_error",
        "out_of_time",
        "convene.budget.seconds",
        headers=(("x-should-retry", "false"),),  # the same seconds would be spent again
    ),
    PanelFailed: Told(502, "panel_error", "panel_failed"),
    ExpertError: Told(502, "panel_error", "expert_failed"),  # its text was already on its way
    NotOpen: Told(503, "service_unavailable", "opening", headers=(("retry-after", "5"),)),
    Busy: Told(503, "service_unavailable", "busy", headers=(("retry-after", "1"),)),
    BadKey: Told(
        401,
        "invalid_request_error",
        "invalid_api_key",
        headers=(("www-authenticate", "Bearer"),),
    ),
    Forbidden: Told(403, "invalid_request_error", "insufficient_permissions"),
    KeysAway: Told(503, "service_unavailable", "keys_away", headers=(("retry-after", "2"),)),
    OverLimit: Told(429, "rate_limit_error", "rate_limit_exceeded"),
    UnknownResponse: Told(404, "invalid_request_error", "response_not_found", "response_id"),
    UnknownPrevious: Told(
        400, "invalid_request_error", "previous_response_not_found", "previous_response_id"
    ),
    ResponsesAway: Told(
        503, "service_unavailable", "responses_away", headers=(("retry-after", "2"),)
    ),
    UnknownAnswer: Told(404, "invalid_request_error", "answer_not_found", "request_id"),
    FeedbackAway: Told(
        503, "service_unavailable", "feedback_away", headers=(("retry-after", "2"),)
    ),
    BadCard: Told(400, "invalid_request_error", "invalid_value"),
    UnknownExpert: Told(404, "invalid_request_error", "expert_not_found", "name"),
    Taken: Told(409, "invalid_request_error", "expert_exists", "name"),
    Fixed: Told(409, "invalid_request_error", "expert_of_the_file", "name"),
    Locked: Told(403, "invalid_request_error", "insufficient_permissions"),
    RosterAway: Told(503, "service_unavailable", "experts_away", headers=(("retry-after", "2"),)),
    NoSuch: Told(404, "invalid_request_error", "not_found", "id"),
    TooLarge: Told(413, "invalid_request_error", "file_too_large", "file"),
    Full: Told(400, "invalid_request_error", "storage_full"),
    NotNow: Told(409, "invalid_request_error", "conflict", headers=(("x-should-retry", "false"),)),
    RedisError: Told(
        503,
        "service_unavailable",
        "storage_away",
        message="the service's Redis does not answer; ask again",
        headers=(("retry-after", "2"),),
    ),
    HungUp: Told(499, "client_closed_request"),
    Exception: Told(
        500,
        "server_error",
        "internal_error",
        message="something is wrong in this server; its log has the reason under this request's id",
    ),
}
HANDLED = (*(error for error in TABLE if error is not Exception),)


def told(error: Exception) -> Told:
    """What the table says of an error: the entry of its nearest ancestor."""
    if isinstance(error, RequestValidationError):
        reason = explained(error)
        status = 415 if isinstance(error.body, bytes) else 400  # bytes are no JSON by their type
        return Told(status, "invalid_request_error", reason.code, reason.param, reason.message)
    if isinstance(error, AnyHTTPException):
        return _of_status(error)
    if isinstance(error, UnknownModel | Unfit | Unable | Refused | BadCard):
        return _of_parameter(error)
    if isinstance(error, PanelFailed) and not isinstance(error, OutOfTime):
        return _of_panel(TABLE[type(error)], error.failures)
    entry = next(TABLE[ancestor] for ancestor in type(error).__mro__ if ancestor in TABLE)
    return _of_limit(entry, error) if isinstance(error, OverLimit) else entry


def document(error: Exception) -> dict[str, Any]:
    """The body of the answer: `{"error": {"message", "type", "param", "code"}}`."""
    entry = told(error)
    body: dict[str, Any] = {
        "message": str(error) if entry.message is None else entry.message,
        "type": entry.type,
        "param": entry.param,
        "code": entry.code,
    }
    if isinstance(error, PanelFailed):
        body["convene"] = {"failures": [_failure(failure) for failure in error.failures]}
    return {"error": body}


def response(error: Exception) -> Response:
    entry = told(error)
    return Json(document(error), status_code=entry.status, headers=dict(entry.headers))


async def respond(request: Request, error: Exception) -> Response:
    """The handler that the app registers for every entry of the table."""
    answer = response(error)
    if answer.status_code == 405:
        answer.headers["allow"] = ", ".join(allowed(request))
    return answer


def _of_parameter(error: UnknownModel | Unfit | Unable | Refused | BadCard) -> Told:
    """As the table has it, with the parameter that is at fault."""
    match error:
        case UnknownModel():
            return replace(TABLE[UnknownModel], param=error.at)
        case Unfit() | BadCard():
            return replace(TABLE[type(error)], param=error.param)
        case Unable():
            message = f"{error.param}: {error}"
            return replace(TABLE[Unable], param=error.param, message=message)
        case Refused():
            at = f"convene.{error.field}"
            return replace(TABLE[Refused], param=at, message=f"{at}: {error}")


def _of_limit(entry: Told, error: OverLimit) -> Told:
    """OpenAI's names for what a spent budget is, and when asking again helps."""
    if error.budget:
        entry = replace(entry, type="insufficient_quota", code="insufficient_quota")
    if error.seconds is None:
        return replace(entry, headers=(("x-should-retry", "false"),))
    return replace(entry, headers=(("retry-after", str(error.seconds)),))


def _of_panel(entry: Told, failures: Sequence[Failure]) -> Told:
    """As the table has it, unless the failures say when, or that never, asking again helps."""
    if not any(failure.cause.retryable for failure in failures):
        # OpenAI's clients would ask the whole panel again.
        return replace(entry, headers=(("x-should-retry", "false"),))
    if all(failure.cause is Cause.UNAVAILABLE for failure in failures):
        entry = replace(entry, status=503)
    named = [failure.retry_after for failure in failures if failure.retry_after is not None]
    if named and all(failure.cause.retryable for failure in failures):
        # The first expert that is back can answer.
        entry = replace(entry, headers=(("retry-after", str(max(1, math.ceil(min(named))))),))
    return entry


def _of_status(error: AnyHTTPException) -> Told:
    """Errors the framework raises, which carry a status of their own."""
    messages = {
        400: "the body cannot be read as JSON in UTF-8",
        404: "no such URL; the API is under /v1, such as POST /v1/chat/completions",
        405: "this URL does not take that method",
    }
    ours = str(error.detail)
    framework = type(error) in (HTTPException, AnyHTTPException)
    message = messages.get(error.status_code, ours) if framework else ours
    kind = "invalid_request_error" if error.status_code < 500 else "server_error"
    headers = tuple((error.headers or {}).items())
    return Told(error.status_code, kind, message=message, headers=headers)


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "expert": failure.expert,
        "cause": failure.cause.value,
        "message": failure.message,
        "seconds": round(failure.seconds, 3),
    }
