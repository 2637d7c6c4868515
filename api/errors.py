"""The one table from what went wrong to what the client is told, in OpenAI's error shape.

ApiError
├── NotOpen     the service is still opening, or closing
├── Busy        as many requests are in flight as may be
├── Unfit       a parameter has no such value here; names it
└── HungUp      the client is gone; nobody reads the answer
"""

from dataclasses import dataclass

from redis.exceptions import RedisError

from api.embedders.errors import InputTooLong, NotEmbedded
from api.feedback.errors import FeedbackAway, UnknownAnswer
from api.files.errors import Full, NoSuch, NotNow, TooLarge
from api.keys.errors import BadKey, Forbidden, KeysAway, OverLimit
from api.responses.errors import ResponsesAway, UnknownPrevious, UnknownResponse
from api.roster.errors import (
    BadCard,
    Fixed,
    Locked,
    Needed,
    RosterAway,
    Taken,
    UnknownExpert,
)
from experts.errors import ExpertError
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
    NotEmbedded: Told(502, "embedder_error", "embedder_failed"),
    InputTooLong: Told(400, "invalid_request_error", "context_length_exceeded", "input"),
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
    Needed: Told(409, "invalid_request_error", "expert_needed", "name"),
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
