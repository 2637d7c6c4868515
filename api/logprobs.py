"""How likely a verdict's tokens were, as OpenAI's API tells it."""

from collections.abc import Sequence
from typing import Any

from experts.types import Token


def logprobs(tokens: Sequence[Token]) -> dict[str, Any] | None:
    """None where nothing is known."""
    return {"content": [*map(_written, tokens)], "refusal": None} if tokens else None


def _written(token: Token) -> dict[str, Any]:
    return {**_bare(token), "top_logprobs": [*map(_bare, token.top)]}


def _bare(token: Token) -> dict[str, Any]:
    raw = None if token.raw is None else list(token.raw)
    return {"token": token.text, "logprob": token.logprob, "bytes": raw}
