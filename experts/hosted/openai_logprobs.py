"""Log probabilities in the chat completions format."""

from typing import Any

from experts.hosted.shapes import at, items
from experts.types import Token


def tokens_of(choice: Any) -> tuple[Token, ...]:
    """The tokens that a choice tells of; what is no token is left out."""
    content = at(choice, "logprobs", "content")
    return _tokens(content) if content else ()


def _tokens(raw: Any) -> tuple[Token, ...]:
    return tuple(
        Token(token, float(logprob), _raw(at(each, "bytes")), _tokens(at(each, "top_logprobs")))
        for each in items(raw)
        if isinstance(token := at(each, "token"), str)
        and isinstance(logprob := at(each, "logprob"), int | float)
    )


def _raw(values: Any) -> bytes | None:
    try:
        return None if values is None else bytes(values)
    except (TypeError, ValueError):
        return None
