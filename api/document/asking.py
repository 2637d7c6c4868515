"""What the document says of the endpoints that have experts, or the encoder, at work."""

from collections.abc import Mapping
from typing import Any

from api.document.operation import (
    ASK,
    KNOW,
    LIMITS,
    QUESTION,
    SUMMARY,
    Operation,
    as_events,
    as_json,
)
from api.document.refusals import ASKING, EMBEDDING, FOUND
from api.responses.examples import FORGOTTEN, LISTED, STREAMED, TOLD

USED = {"prompt_tokens": 24, "completion_tokens": 8, "total_tokens": 32}
CANDIDATE = {"expert": "ada", "competence": 0.9, "score": 0.9, "terms": {"overall": 0.9}}
ROUTED: dict[str, Any] = {
    "policy": "auto",
    "skills": {"arithmetic": 1.0},
    "panel": ["ada"],
    "stand_ins": {},
    "candidates": [CANDIDATE],
    "notes": [],
    "explored": None,
    "propensity": 1.0,
}
ANSWERED = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1800000000,
    "model": "convene/auto",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "It is 42.", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {**USED, "experts": {"ada": USED}},
    "convene": {
        **ROUTED,
        "answer": "42",
        "author": "ada",
        "aggregator": "none",
        "confidence": 0.9,
        "agreement": 1.0,
        "calls": 1,
        "replaced": [],
        "usage": {
            "prompt_tokens": 24,
            "completion_tokens": 8,
            "cost_usd": 0.000012,
            "untold_calls": 0,
        },
        "timings": {
            "route_seconds": 0.001,
            "panel_seconds": 0.8,
            "aggregate_seconds": 0.0,
            "total_seconds": 0.801,
        },
        "replies": [{"expert": "ada", "seconds": 0.8, "text": "It is 42.", "finish": "stop"}],
    },
}
EMBEDDED = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.6, -0.8]}],
    "model": "convene/encoder",
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
    "convene": {"cut": []},
}
SAID = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"auto",'
    '"choices":[{"index":0,"delta":{"content":"It is 42."},"logprobs":null,"finish_reason":null}]}'
    "\n\ndata: [DONE]\n\n"
)

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("post", "/v1/chat/completions"): Operation(
        ASK,
        "Answer a conversation",
        {**as_json("ChatCompletion", ANSWERED), **as_events("ChatEvent", SAID)},
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
        as_json("RouteStory", ROUTED),
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
        as_json("Embeddings", EMBEDDED),
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
    ("post", "/v1/responses"): Operation(
        ASK,
        "Answer an input, and keep the answer",
        {**as_json("Response", TOLD), **as_events("ResponseEvent", STREAMED)},
        headers={**SUMMARY, **LIMITS},
        refusals=ASKING,
    ),
    ("get", "/v1/responses/{response_id}"): Operation(
        KNOW, "Find a response", as_json("Response", TOLD), refusals=(400, *FOUND)
    ),
    ("get", "/v1/responses/{response_id}/input_items"): Operation(
        KNOW, "List what a response answers", as_json("ItemList", LISTED), refusals=(400, *FOUND)
    ),
    ("delete", "/v1/responses/{response_id}"): Operation(
        KNOW, "Forget a response", as_json("Deleted", FORGOTTEN), refusals=FOUND
    ),
}
