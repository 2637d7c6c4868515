"""What happens to HTTP requests, told to observers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """A request's head has arrived."""


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """The last byte of the response is sent, or the client is gone."""

    method: str
    route: str | None  # as the app spells it, such as /v1/models/{model}; None: no such URL
    status: int | None  # None: there was no response
    seconds: float
