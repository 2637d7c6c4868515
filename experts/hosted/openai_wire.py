"""The chat completions format as values: a request out, a reply or an error in. No network."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import orjson

from experts.calls import written
from experts.cards import HostedCard, Price
from experts.errors import (
    BackendRejected,
    BackendUnavailable,
    EmptyReply,
    ExpertError,
    PromptTooLong,
)
from experts.hosted.masking import LONGEST
from experts.hosted.openai_logprobs import tokens_of
from experts.hosted.openai_tools import calls_of, offered
from experts.hosted.shapes import at, text_of
from experts.prompts import conversation
from experts.types import Answer, FinishReason, JsonFormat, Message, Prompt, Sampling, Usage

TOO_LONG = "context_length_exceeded"  # OpenAI's code; other servers say it in words


def decoded(text: str | bytes) -> Any:
    """JSON as servers write it, which may hold half an emoji. Raises `ValueError`."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def encoded(body: dict[str, Any]) -> bytes:
    """The same the other way."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body).encode()


def request(card: HostedCard, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
    """The body of a request."""
    body: dict[str, Any] = {
        "model": card.model,
        "messages": [_turn(turn) for turn in conversation(card.prompt, prompt.messages)],
        "max_tokens": min(card.max_tokens, prompt.sampling.max_tokens or card.max_tokens),
        **_drawn(prompt.sampling),
    }
    if prompt.toolbox is not None:
        body |= offered(prompt.toolbox)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _turn(turn: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.calls:
        body |= {"content": turn.content or None, "tool_calls": [*map(written, turn.calls)]}
    if turn.answers is not None:
        body["tool_call_id"] = turn.answers
    return body


def _drawn(sampling: Sampling) -> dict[str, Any]:
    body: dict[str, Any] = {"temperature": sampling.temperature}
    if sampling.temperature > 0:  # a greedy reply is the same for every top_p
        body["top_p"] = sampling.top_p
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.format is not None:
        body["response_format"] = _response_format(sampling.format)
    if sampling.logprobs is not None:
        body["logprobs"] = True
        if sampling.logprobs:
            body["top_logprobs"] = sampling.logprobs
    return body


def _response_format(wanted: JsonFormat) -> dict[str, Any]:
    if wanted.schema is None:
        return {"type": "json_object"}
    strict = {} if wanted.strict is None else {"strict": wanted.strict}
    schema = {"name": wanted.name, "schema": json.loads(wanted.schema), **strict}
    return {"type": "json_schema", "json_schema": schema}


def answer(expert: str, payload: Any, price: Price | None) -> Answer:
    """The reply in a response's JSON. Raises `ExpertError` for what is none."""
    raise_if_error(payload)
    choices = at(payload, "choices")
    if not isinstance(choices, list):
        raise BackendRejected(
            "the server's reply is no chat completion; does base_url end with its /v1?"
        )
    if not choices:
        raise EmptyReply("the reply had no choices")
    message = at(choices[0], "message")
    text, calls = text_of(at(message, "content")), calls_of(at(message, "tool_calls"))
    finish = finish_of(at(choices[0], "finish_reason") or "stop", bool(calls))
    if not text.strip() and not calls:
        refusal = text_of(at(message, "refusal"))
        raise EmptyReply(why_empty(finish, refusal))
    usage = usage_of(at(payload, "usage"), price)
    logprobs = tokens_of(choices[0])
    return Answer(expert, text, usage, finish=finish, calls=calls, logprobs=logprobs)


def finish_of(reason: Any, calls: bool) -> FinishReason:
    """Servers say "stop" of some replies that call tools, so their calls tell."""
    if reason == "length":
        return "length"
    return "tool_calls" if calls else "stop"


def usage_of(raw: Any, price: Price | None) -> Usage:
    prompt, completion = at(raw, "prompt_tokens"), at(raw, "completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return Usage()
    return price.usage(prompt, completion) if price else Usage(prompt, completion)


def why_empty(finish: FinishReason, refusal: str = "") -> str:
    if refusal:
        return f"the model refused: {refusal[:LONGEST]}"
    if finish == "length":
        return "the reply had no text: thinking took all tokens; raise the expert's max_tokens"
    return "the reply had no text"


def raise_if_error(payload: Any) -> None:
    """Some servers answer 200, or stream, and put what went wrong into the JSON."""
    error = at(payload, "error")
    if not error and at(payload, "object") != "error":
        return
    code = at(error, "code") or at(payload, "code")
    status = int(code) if isinstance(code, int) or str(code).isdecimal() else 500
    raise error_of_status(status, payload, None)


def error_of_status(
    status: int, payload: Any, retry_after: float | None, reason: str = ""
) -> ExpertError:
    """The error of an HTTP status, in the server's own words where it said any."""
    words = " ".join(_words(payload).split())
    message = f"HTTP {status} {reason or _phrase(status)}".rstrip() + (
        f": {words}" if words else ""
    )
    detail = f"HTTP {status}"  # the server's words may quote the prompt
    code = at(payload, "error", "code")
    if code == TOO_LONG or "maximum context length" in words:
        return PromptTooLong(message, detail=detail)
    if retryable(status) and code != "insufficient_quota":
        return BackendUnavailable(message, retry_after, detail=detail)
    return BackendRejected(message, detail=detail)


def retryable(status: int) -> bool:
    """Whether asking again may help."""
    return status in (408, 425, 429) or status >= 500


def error_payload(body: bytes) -> Any:
    """An error's body: JSON, or text as it is, or nothing where it is a web page."""
    try:
        return decoded(body)
    except ValueError:
        text = body.decode(errors="replace").strip()
        return "" if text.startswith("<") else text


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a response asks to wait: a number, or the date to wait for."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After", "")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _words(payload: Any) -> str:
    """The message in the shapes servers use: OpenAI's, Google's list, FastAPI's, plain text."""
    if isinstance(payload, list):
        payload = payload[0] if payload else ""
    for found in (
        at(payload, "error", "message"),
        at(payload, "error"),
        at(payload, "message"),
        at(payload, "detail"),
        payload,
    ):
        if found:
            return found if isinstance(found, str) else json.dumps(found)
    return ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
