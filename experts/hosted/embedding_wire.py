"""The embeddings format as values: a request out, vectors or an error in. No network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experts.embedders import HostedEmbedderCard
from experts.errors import BackendRejected, EmptyReply
from experts.hosted.openai_wire import raise_if_error
from experts.hosted.shapes import at

Inputs = Sequence[str | Sequence[int]]  # texts, or the tokens of each


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A row for each input, and the tokens that were read, where the server tells."""

    vectors: NDArray[np.float32]
    tokens: int | None


def request(card: HostedEmbedderCard, inputs: Inputs, dimensions: int | None) -> dict[str, Any]:
    """The body of a request. Base64 is shorter, and OpenAI's own clients ask for it; servers that
    do not know it send numbers, which are read too."""
    wanted = dimensions or card.dimensions
    numbers = {"dimensions": wanted} if wanted is not None else {}
    return {"model": card.model, "input": [*inputs], "encoding_format": "base64", **numbers}


def embedded(payload: Any, count: int) -> Embedded:
    """The vectors in a response's JSON, in order. Raises `ExpertError` for what is none."""
    raise_if_error(payload)
    data = at(payload, "data")
    if not isinstance(data, list):
        raise BackendRejected(
            "the server's reply holds no embeddings; does base_url end with its /v1?"
        )
    if len(data) != count:
        raise EmptyReply(f"the server sent {len(data)} vectors for {count} inputs")
    rows = [_row(at(item, "embedding")) for item in _in_order(data)]
    if len({len(row) for row in rows}) != 1:
        raise BackendRejected("the server sent vectors of different lengths")
    return Embedded(np.stack(rows), _tokens(at(payload, "usage")))


def _in_order(data: list[Any]) -> list[Any]:
    """By index; as they came where a server counts none."""
    places = [at(item, "index") for item in data]
    if all(place is None for place in places):
        return data
    if any(type(place) is not int for place in places) or {*places} != {*range(len(data))}:
        raise BackendRejected("the server sent vectors whose indices are not those of the inputs")
    return sorted(data, key=lambda item: at(item, "index"))


def _row(value: Any) -> NDArray[np.float32]:
    if not value:
        raise EmptyReply("the server sent an empty vector")
    try:
        with np.errstate(over="ignore"):  # what is too large for 32 bits is found below
            row = _unpacked(value) if isinstance(value, str) else np.asarray(value, np.float32)
    except (ValueError, TypeError) as error:
        raise _no_vector() from error
    if row.ndim != 1 or not np.isfinite(row).all():
        raise _no_vector()
    return row


def _unpacked(value: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(value, validate=True), "<f4").astype(np.float32)


def _no_vector() -> BackendRejected:
    return BackendRejected("the server sent something that is no vector of finite numbers")


def _tokens(usage: Any) -> int | None:
    for name in ("prompt_tokens", "total_tokens"):
        count = at(usage, name)
        if type(count) is int and count >= 0:
            return count
    return None
