"""Endpoints that take a JSON body and the open service, and depend on nothing else."""

import json
import re
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import given
from api.errors import HANDLED, HungUp
from api.opening import opened
from api.refusing import response

JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
# What is raised for a client to be told.
ANSWERED: tuple[type[Exception], ...] = (*HANDLED, RequestValidationError, HTTPException)


class Endpoint(APIRoute):
    """A route of an endpoint with the arguments `body`, `running` and `http`. FastAPI reads its
    signature for the description of the API; calling it takes a fifth of what FastAPI takes, as
    there is nothing to be closed after it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **named: Any) -> None:
        super().__init__(path, endpoint, **named)
        handle = self.get_route_handler()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                answer = await handle(Request(scope, receive, send))
                await answer(scope, receive, send)
            except ANSWERED as error:  # an answer raises what comes before its first byte
                await response(error)(scope, receive, send)

        self.app = app

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        field, endpoint = self.body_field, self.dependant.call
        assert field is not None, "only for endpoints with a body"
        assert endpoint is not None

        async def handle(http: Request) -> Response:
            running = opened(http)
            sent = await document(http)
            body, errors = field.validate(sent, {}, loc=("body",))
            if errors:
                raise RequestValidationError(errors, body=sent)
            answer: Response = await endpoint(body=body, running=running, http=http)
            return answer

        return handle


class Straight:
    """Calls endpoints where nothing has to be looked for: by method and path, without the layers
    that the framework has around other routes. Those get what is left."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._endpoints = {
            (method, route.path): route
            for route in routes
            if isinstance(route, Endpoint)
            for method in route.methods
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._endpoints.get((scope.get("method", ""), scope.get("path", "")))
        if route is None:
            await self.app(scope, receive, send)
        else:
            scope["route"] = route
            await route.app(scope, receive, send)


async def document(http: Request) -> Any:
    """What the body holds. Errors are as FastAPI raises them."""
    body = await _body(http.receive)
    if not body:
        return None
    if not JSON.match(given(http.scope, b"content-type")):
        return body  # which is no document, as `api.invalid` says
    with suppress(ValueError):
        return from_json(body, cache_strings="keys")  # what clients say is kept nowhere
    try:  # what is told of an error, and the little that is JSON to one of both alone
        return json.loads(body)
    except json.JSONDecodeError as error:
        where: dict[str, Any] = {"loc": ("body", error.pos), "ctx": {"error": error.msg}}
        told = {"type": "json_invalid", "msg": "JSON decode error", "input": {}, **where}
        raise RequestValidationError([told], body=error.doc) from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body cannot be read") from error


async def _body(receive: Receive) -> bytes:
    portions: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        portions.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(portions)
    raise HungUp("the client hung up before its request was there")
