"""JSON schemas of what the API answers. Responses are built by hand and never checked against these
while serving; the tests that send random requests do."""

from typing import Any

Schema = dict[str, Any]
STRING: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
SECONDS: Schema = {"type": "number", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
NUMBER: Schema = {"type": "number"}


def of(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def table(values: Schema) -> Schema:
    """An object whose keys are names of experts, skills or terms."""
    return {"type": "object", "additionalProperties": values}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def record(optional: dict[str, Schema] | None = None, /, **required: Schema) -> Schema:
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required)}


FAILED_CALL = record(expert=STRING, cause=STRING, message=STRING, seconds=SECONDS)
ERROR = record(
    error=record(
        {"convene": record(failures=listed(FAILED_CALL))},
        message=STRING,
        type=STRING,
        param=nullable(STRING),
        code=nullable(STRING),
    )
)
TOKENS = {"prompt_tokens": COUNT, "completion_tokens": COUNT, "total_tokens": COUNT}
USAGE = record(**TOKENS, experts=table(record(**TOKENS)))
CANDIDATE = record(expert=STRING, competence=SHARE, score=NUMBER, terms=table(NUMBER))
ROUTE = record(
    policy=STRING,
    skills=table(NUMBER),
    panel=listed(STRING),
    candidates=listed(of("Candidate")),
    notes=listed(STRING),
)
REPLY = record(
    {"text": STRING, "finish": STRING, "error": STRING, "message": STRING},
    expert=STRING,
    seconds=SECONDS,
)
STORY = record(
    # Left out where a request says `"explain": false`.
    {
        "skills": table(NUMBER),
        "candidates": listed(of("Candidate")),
        "replies": listed(of("Reply")),
    },
    policy=STRING,
    panel=listed(STRING),
    notes=listed(STRING),
    answer=nullable(STRING),
    author=STRING,
    aggregator=STRING,
    confidence=SHARE,
    agreement=SHARE,
    calls=COUNT,
    usage=record(prompt_tokens=COUNT, completion_tokens=COUNT, cost_usd=nullable(NUMBER)),
    timings=record(
        route_seconds=SECONDS,
        panel_seconds=SECONDS,
        aggregate_seconds=SECONDS,
        total_seconds=SECONDS,
    ),
)
CHOICE = record(
    index=COUNT,
    message=record(role={"const": "assistant"}, content=nullable(STRING), refusal=nullable(STRING)),
    finish_reason=STRING,
)
COMPLETION = record(
    id=STRING,
    object={"const": "chat.completion"},
    created=COUNT,
    model=STRING,
    choices={**listed(of("Choice")), "minItems": 1},
    usage=of("Usage"),
    convene=of("Story"),
)
DELTA = record({"delta": record({"role": STRING, "content": nullable(STRING)})}, index=COUNT)
CHUNK = record(
    {"usage": nullable(of("Usage")), "convene": of("Story")},  # of the last ones
    id=STRING,
    object={"const": "chat.completion.chunk"},
    created=COUNT,
    model=STRING,
    choices=listed(DELTA),
)
# One event: a chunk, at the end the word [DONE]; an event `error` ends what cannot be finished.
EVENT = record({"event": {"enum": ["message", "error"]}}, data=STRING)
VECTOR = record(
    object={"const": "embedding"},
    index=COUNT,
    embedding={"oneOf": [listed(NUMBER), STRING]},  # a string is base64
)
EMBEDDINGS = record(
    object={"const": "list"},
    data=listed(of("Vector")),
    model=STRING,
    usage=record(prompt_tokens=COUNT, total_tokens=COUNT),
    convene=record(cut=nullable(listed(COUNT))),  # null: nobody tells
)
MODEL = record(id=STRING, object={"const": "model"}, created=COUNT, owned_by=STRING)
MODELS = record(object={"const": "list"}, data=listed(of("Model")))
HEALTH = record(status={"const": "ok"})
READINESS = record(status={"enum": ["ready", "waiting"]}, awaiting=listed(STRING))

SCHEMAS: dict[str, Schema] = {
    "Error": ERROR,
    "Usage": USAGE,
    "Candidate": CANDIDATE,
    "RouteStory": ROUTE,
    "Reply": REPLY,
    "Story": STORY,
    "Choice": CHOICE,
    "ChatCompletion": COMPLETION,
    "ChatCompletionChunk": CHUNK,
    "ChatEvent": EVENT,
    "Vector": VECTOR,
    "Embeddings": EMBEDDINGS,
    "Model": MODEL,
    "ModelList": MODELS,
    "Health": HEALTH,
    "Readiness": READINESS,
}
