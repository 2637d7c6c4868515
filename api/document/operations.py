"""What the document says of each endpoint, beyond what its types say: an example and an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.document.refusals import ASKING, EMBEDDING, FOUND
from api.document.schemas import STRING, Schema, of

ASK, KNOW, RUN = "Ask", "Look up", "Run"
TAGS = {
    ASK: "Have experts answer.",
    KNOW: "What may be asked for.",
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
SAID = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"auto",'
    '"choices":[{"index":0,"delta":{"content":"It is 42."},"logprobs":null,"finish_reason":null}]}'
    "\n\ndata: [DONE]\n\n"
)
QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]
NO_TYPES: Mapping[str, Schema] = {}


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` is the content of a 200: a schema or an example for each media type."""

    tag: str
    summary: str
    answers: Mapping[str, Schema]
    examples: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    others: Mapping[int, Mapping[str, Schema]] = field(default_factory=dict)  # of other statuses


def as_json(name: str) -> dict[str, Schema]:
    return {"application/json": {"schema": of(name)}}


OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("post", "/v1/chat/completions"): Operation(
        ASK,
        "Answer a conversation",
        {**as_json("ChatCompletion"), STREAM: {"itemSchema": of("ChatEvent"), "example": SAID}},
        {
            "plain": {"model": "convene/auto", "messages": QUESTION},
            "streamed": {
                "model": "auto",
                "messages": QUESTION,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
            "steered": {
                "model": "convene/auto",
                "messages": QUESTION,
                "temperature": 0.7,
                "max_tokens": 500,
                "convene": {"policy": "everyone", "size": 2, "budget": {"seconds": 30}},
            },
        },
        {**SUMMARY, **LIMITS},
        ASKING,
    ),
    ("post", "/v1/route"): Operation(
        ASK,
        "Say who would be asked, and why, without asking",
        as_json("RouteStory"),
        {
            "question": {"question": "What is the capital of Peru?"},
            "conversation": {"model": "convene/auto", "messages": QUESTION},
        },
        LIMITS,
        ASKING,
    ),
    ("post", "/v1/embeddings"): Operation(
        ASK,
        "Turn texts into vectors",
        as_json("Embeddings"),
        {
            "one": {"model": "convene/encoder", "input": "the sea"},
            "several": {
                "model": "convene/encoder",
                "input": ["the sea", "the sky"],
                "encoding_format": "base64",
            },
        },
        refusals=EMBEDDING,
    ),
    ("get", "/v1/models"): Operation(KNOW, "List the models", as_json("ModelList")),
    ("get", "/v1/models/{model}"): Operation(
        KNOW, "Find a model", as_json("Model"), refusals=(400, *FOUND)
    ),
    ("get", "/healthz"): Operation(RUN, "Whether the process lives", as_json("Health")),
    ("get", "/readyz"): Operation(
        RUN,
        "Whether experts can be asked",
        as_json("Readiness"),
        others={503: as_json("Readiness")},
    ),
    ("get", "/metrics"): Operation(
        RUN, "Metrics for Prometheus", {"text/plain": {"schema": STRING}}
    ),
}
