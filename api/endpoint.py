"""Endpoints that take a JSON body and the open service, and depend on nothing else."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from api.errors import HungUp
from api.opening import opened

JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)


class Endpoint(APIRoute):
    """A route of an endpoint with the arguments `body`, `running` and `http`. FastAPI reads its
    signature for the description of the API; calling it takes a fifth of what FastAPI takes, as
    there is nothing to be closed after it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **named: Any) -> None:
        super().__init__(path, endpoint, **named)
        handle = self.get_route_handler()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await handle(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        field, endpoint = self.body_field, self.dependant.call
        assert field is not None, "only for endpoints with a body"
        assert endpoint is not None

        async def handle(http: Request) -> Response:
            running = opened(http)
            document = await _document(http)
            body, errors = field.validate(document, {}, loc=("body",))
            if errors:
                raise RequestValidationError(errors, body=document)
            response: Response = await endpoint(body=body, running=running, http=http)
            return response

        return handle


async def _document(http: Request) -> Any:
    """What the body holds. Errors are as FastAPI raises them."""
    try:
        body = await http.body()
    except ClientDisconnect as error:
        raise HungUp("the client hung up before its request was there") from error
    if not body:
        return None
    if not JSON.match(http.headers.get("content-type", "")):
        return body  # which is no document, as `api.invalid` says
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        where: dict[str, Any] = {"loc": ("body", error.pos), "ctx": {"error": error.msg}}
        told = {"type": "json_invalid", "msg": "JSON decode error", "input": {}, **where}
        raise RequestValidationError([told], body=error.doc) from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body cannot be read") from error
