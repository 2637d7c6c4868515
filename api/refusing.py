"""What a client is told of an error: the table's entry, and what the error itself adds to it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi.exceptions import HTTPException, RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.embedders.errors import InputTooLong, NotEmbedded
from api.errors import TABLE, Told, Unfit
from api.invalid import explained
from api.keys.errors import OverLimit
from api.methods import allowed
from api.roster.errors import BadCard
from api.wire import Json
from experts.types import Cause, Failure
from orchestrator.errors import OutOfTime, PanelFailed, Refused, Unable, UnknownModel


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
    if isinstance(error, NotEmbedded) and not isinstance(error, InputTooLong):
        return _of_panel(TABLE[NotEmbedded], error.failures)
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
    if isinstance(error, PanelFailed | NotEmbedded):
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
