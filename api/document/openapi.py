"""Completes the document that FastAPI makes of the app's routes."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from api.document.operations import OPERATIONS, TAGS, Operation
from api.document.refusals import (
    ALWAYS,
    KEYED,
    REFUSALS,
    REQUEST_ID,
    UNLISTED,
    WITH_BODY,
    reference,
)
from api.document.schemas import SCHEMAS, Schema
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
    """An app whose `/openapi.json` tells all of it; made when it is first asked for."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def completed(made: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document, with every endpoint's refusals, examples, answers and security. An
    endpoint that `OPERATIONS` does not list may refuse in every way there is."""
    for method, path, entry in _operations(made):
        _complete(entry, path, OPERATIONS.get((method, path)))
    components = made.setdefault("components", {})
    schemas = {k: v for k, v in components.get("schemas", {}).items() if k not in FRAMEWORKS}
    assert not schemas.keys() & SCHEMAS.keys(), "two schemas have one name"
    components |= {
        "schemas": {**schemas, **SCHEMAS},
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


def _complete(entry: dict[str, Any], path: str, operation: Operation | None) -> None:
    responses = entry["responses"]
    responses.pop("422", None)
    if operation is not None:
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
    entry["responses"]["200"] = _answer("As asked.", operation.answers, operation.headers)
    for status, content in operation.others.items():
        entry["responses"][str(status)] = _answer("Not yet.", content, {})
    if operation.examples:
        named = {name: {"value": value} for name, value in operation.examples.items()}
        entry["requestBody"]["content"]["application/json"]["examples"] = named


def _answer(text: str, content: Any, headers: Any) -> Schema:
    return {"description": text, "headers": {**headers}, "content": {**content}}


def _refusals(entry: dict[str, Any], path: str, operation: Operation | None) -> list[int]:
    keyed = KEYED if needed(path) is not None else ()
    body = WITH_BODY if "requestBody" in entry else ()
    own = UNLISTED if operation is None else operation.refusals
    return sorted({*ALWAYS, *keyed, *body, *own})
