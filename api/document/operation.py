"""One endpoint in the document, beyond what its types say, and the parts that several share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.document.schemas import STRING, Schema, of

ASK, BATCH, KNOW, CHANGE, RUN = "Ask", "Batch", "Look up", "Change", "Run"
TAGS = {
    ASK: "Have experts answer.",
    BATCH: "Have files of requests answered.",
    KNOW: "What may be asked for, and what was answered.",
    CHANGE: "Who is asked, and what is learned.",
    RUN: "Whether it works, and how well.",
}
STREAM = "text/event-stream"
LIMITS = {
    f"x-ratelimit-{what}-{unit}": {
        "description": f"Of the limit on {unit} that is nearest to its end.",
        "schema": STRING,
    }
    for unit in ("requests", "tokens", "dollars")
    for what in ("limit", "remaining", "reset")
}
SUMMARY = {
    "x-convene-experts": {"description": "Who was asked, in order.", "schema": STRING},
    "x-convene-calls": {"description": "Calls to LLMs.", "schema": STRING},
    "x-convene-cost-usd": {"description": "Dollars, where a price is known.", "schema": STRING},
    "x-convene-overhead-ms": {
        "description": "Time not spent waiting for experts.",
        "schema": STRING,
    },
}
QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` is the content of its good status: a schema or an example for each media type."""

    tag: str
    summary: str
    answers: Mapping[str, Schema]
    examples: Mapping[str, Any] = field(default_factory=dict)  # of bodies
    headers: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    others: Mapping[int, Mapping[str, Schema]] = field(default_factory=dict)  # of other statuses
    status: int = 200


def as_json(name: str, example: Any = None) -> dict[str, Schema]:
    """An answer of the schema of this name."""
    shown = {} if example is None else {"example": example}
    return {"application/json": {"schema": of(name), **shown}}


def as_events(name: str, example: str) -> dict[str, Schema]:
    """A stream of them."""
    return {STREAM: {"itemSchema": of(name), "example": example}}
