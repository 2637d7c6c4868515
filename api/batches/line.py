"""A line that can be asked, what becomes of it, and lines in OpenAI's batch format."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.batches.batch import Problem
from api.bodies import ChatBody
from api.completion import Completion
from api.errors import Unfit
from api.refusing import document, told
from api.running import Service
from orchestrator.types import Request, Verdict

ENDPOINT = "/v1/chat/completions"
LONGEST_ID = 512  # characters
FIELDS = {"custom_id", "method", "url", "body"}


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of a line: a document, and what it took."""

    document: Mapping[str, Any]
    failed: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    experts: Mapping[str, int] = field(default_factory=dict)  # calls, by name

    @property
    def text(self) -> str:
        return json.dumps(self.document, separators=(",", ":"))


class Askable(Protocol):
    """A line of a file that is a question."""

    @property
    def number(self) -> int:
        """Its own, from 1."""
        ...

    def request(self, service: Service) -> Request:
        """Raises an error that `result` tells of, if it cannot be asked."""
        ...

    def result(self, outcome: Verdict | Exception) -> Result: ...


def result(told: Mapping[str, Any], outcome: Verdict | Exception) -> Result:
    """Of a line that ended so, and of which this is told."""
    if isinstance(outcome, Exception):
        return Result(told, failed=True)
    experts = Counter(reply.expert for reply in outcome.replies)
    usage = outcome.usage
    return Result(told, False, usage.prompt_tokens, usage.completion_tokens, experts)


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A line in OpenAI's batch format, of the batch that `seed` names."""

    number: int
    custom_id: str
    body: Mapping[str, Any]
    seed: str = ""
    tenant: str = ""

    def request(self, service: Service) -> Request:
        """Raises `RequestValidationError`, `Unfit` or an `OrchestratorError`."""
        body = self._body()
        for name, alone in (("stream", not body.stream), ("n", body.n == 1)):
            if not alone:
                raise Unfit(name, "is not for lines of a batch; leave it out")
        return replace(body.request(service), tenant=self.tenant)

    def result(self, outcome: Verdict | Exception) -> Result:
        if isinstance(outcome, Exception):
            status, answer = told(outcome).status, document(outcome)
        else:
            body = self._body()
            completion = Completion(
                body.model, explain=body.convene.explain, id=f"chatcmpl-{self._name('answer')}"
            )
            status, answer = 200, completion.whole(outcome)
        response = {
            "status_code": status,
            "request_id": f"req_{self._name('request')}",
            "body": answer,
        }
        return result(self._told(response, None), outcome)

    def unanswered(self, code: str, message: str) -> Result:
        """Of a line that the batch ended without."""
        return Result(self._told(None, {"code": code, "message": message}), failed=True)

    def _told(
        self, response: dict[str, Any] | None, error: dict[str, str] | None
    ) -> dict[str, Any]:
        id = f"batch_req_{self._name('line')}"
        return {"id": id, "custom_id": self.custom_id, "response": response, "error": error}

    def _body(self) -> ChatBody:
        try:
            return ChatBody.model_validate(self.body)
        except ValidationError as error:
            within = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            raise RequestValidationError(within) from error

    def _name(self, what: str) -> str:
        """The same for a line however often it is asked."""
        told = f"{self.seed}\n{self.number}\n{what}".encode()
        return hashlib.blake2b(told, digest_size=16).hexdigest()


def read(number: int, raw: bytes, seed: str = "", tenant: str = "") -> ChatLine | Problem:
    """The line, or why it is none."""
    try:
        fields = json.loads(raw)
    except ValueError:
        return Problem("invalid_json_line", "This line is not parseable as valid JSON.", number)
    if not isinstance(fields, dict):
        return Problem("invalid_json_line", "This line is not a JSON object.", number)
    for name in ("custom_id", "method", "url", "body"):
        if name not in fields:
            message = f"Missing required parameter: '{name}'."
            return Problem("missing_required_parameter", message, number, name)
    if (wrong := _wrong(fields)) is not None:
        return Problem(*wrong, line=number)
    return ChatLine(number, fields["custom_id"], fields["body"], seed, tenant)


def _wrong(fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """(code, message) of a line whose fields are all there."""
    custom_id, body = fields["custom_id"], fields["body"]
    if not (isinstance(custom_id, str) and 0 < len(custom_id) <= LONGEST_ID):
        return "invalid_custom_id", f"'custom_id' must be a text of 1 to {LONGEST_ID} characters."
    if fields["method"] != "POST":
        return "invalid_method", "'method' must be 'POST'."
    if fields["url"] != ENDPOINT:
        return "invalid_url", f"'url' must be the batch's endpoint, '{ENDPOINT}'."
    if not isinstance(body, dict):
        return "invalid_body", "'body' must be a JSON object."
    if unknown := fields.keys() - FIELDS:
        return "unknown_parameter", f"Unknown parameter: '{min(unknown)[:100]}'."
    return None
