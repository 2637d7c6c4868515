"""Completes the document that FastAPI makes of the app's routes."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from api.document.operation import TAGS, Operation
from api.document.operations import OPERATIONS
from api.document.refusals import (
    ALWAYS,
    KEYED,
    REFUSALS,
    REQUEST_ID,
    WITH_BODY,
    reference,
)
from api.document.schemas import Schema
from api.document.stored import ALL
from api.keys.key import Role
from api.keys.visitor import needed

ABOUT = (
    "Answers each question with the right panel of LLMs, in OpenAI's API. A key goes into the "
    "header `Authorization: Bearer convene_...` wherever the service asks for keys."
)
KEY = {"key": {"type": "http", "scheme": "bearer", "description": "What `convene keys` makes."}}
FRAMEWORKS = ("HTTPValidationError", "ValidationError")  # ours are told in OpenAI's shape, as 400
METHODS = ("get", "put", "post", "delete", "patch")


class Described(FastAPI):
    """An app whose `/openapi.json` tells all of it; made when it is first asked for. It has no
    layer of the framework's that answers for bugs: `api.access` does."""

    def build_middleware_stack(self) -> ASGIApp:
        outermost = super().build_middleware_stack()
        assert isinstance(outermost, ServerErrorMiddleware)
        return outermost.app

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def completed(made: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document, with every endpoint's refusals, examples, answers and security."""
    for method, path, entry in _operations(made):
        _complete(entry, path, OPERATIONS[method, path])
    components = made.setdefault("components", {})
    schemas = {k: v for k, v in components.get("schemas", {}).items() if k not in FRAMEWORKS}
    assert not schemas.keys() & ALL.keys(), "two schemas have one name"
    components |= {
        "schemas": {**schemas, **ALL},
        "responses": REFUSALS,
        "securitySchemes": KEY,
    }
    tags = [{"name": name, "description": text} for name, text in TAGS.items()]
    info = {**made["info"], "description": ABOUT}
    return {**made, "info": info, "servers": [{"url": "/"}], "tags": tags}


def _operations(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in made["paths"].items():
        for method in METHODS:
            if method in methods:
                yield method, path, methods[method]


def _complete(entry: dict[str, Any], path: str, operation: Operation) -> None:
    responses = entry["responses"]
    responses.pop("422", None)
    _tell(entry, operation)
    for response in responses.values():
        response.setdefault("headers", {}).update(REQUEST_ID)
    for status in _refusals(entry, path, operation):
        responses.setdefault(str(status), reference(status))
    role = needed(path)
    entry["security"] = [] if role is None else [{"key": []}]
    if role is Role.ADMIN:
        entry["description"] = f"{entry.get('description', '')} For keys of role admin.".strip()


def _tell(entry: dict[str, Any], operation: Operation) -> None:
    entry |= {"summary": operation.summary, "tags": [operation.tag]}
    good = str(operation.status)
    entry["responses"][good] = _answer("As asked.", operation.answers, operation.headers)
    for status, content in operation.others.items():
        entry["responses"][str(status)] = _answer("Not yet.", content, {})
    if operation.examples:
        named = {name: {"value": value} for name, value in operation.examples.items()}
        entry["requestBody"]["content"]["application/json"]["examples"] = named


def _answer(text: str, content: Any, headers: Any) -> Schema:
    return {"description": text, "headers": {**headers}, "content": {**content}}


def _refusals(entry: dict[str, Any], path: str, operation: Operation) -> list[int]:
    keyed = KEYED if needed(path) is not None else ()
    body = WITH_BODY if "requestBody" in entry else ()
    return sorted({*ALWAYS, *keyed, *body, *operation.refusals})
