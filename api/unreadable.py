"""Requests that are refused before they are understood: their heads, their bodies, their Host.

All are HTTPExceptions with a status of their own, so that FastAPI's body reader lets them by.
"""

from fastapi.exceptions import HTTPException

CLOSE = {"connection": "close"}  # what is left of the request is not read


class Malformed(HTTPException):
    """The request is against the rules of HTTP."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message, CLOSE)


class BodyTooLarge(HTTPException):
    """The body is above the limit."""

    def __init__(self, limit: int) -> None:
        message = f"the body is above the limit of {limit} bytes; send less text"
        super().__init__(413, message, CLOSE)


class BodyTooSlow(HTTPException):
    """The body did not arrive within the deadline."""

    def __init__(self, seconds: float) -> None:
        message = f"the body did not arrive within {seconds:g} s; send it again"
        super().__init__(408, message, CLOSE)


class Encoded(HTTPException):
    """The body is compressed; a small one could become any size."""

    def __init__(self) -> None:
        super().__init__(415, "bodies are read as they are; leave out content-encoding")


class HeadTooLarge(HTTPException):
    """Request line and headers are above the limit."""

    reason = "Request Header Fields Too Large"

    def __init__(self, limit: int) -> None:
        super().__init__(431, f"the headers are above the limit of {limit} bytes; send fewer")


class HeadTooSlow(HTTPException):
    """Request line and headers did not arrive within the deadline."""

    reason = "Request Timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(408, f"the headers did not arrive within {seconds:g} s; send them again")
