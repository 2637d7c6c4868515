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
WHY: dict[str, Schema] = {
    "skills": table(NUMBER),
    "stand_ins": table(listed(STRING)),  # of each on the panel, in order
    "candidates": listed(of("Candidate")),
    "explored": nullable(STRING),  # of whom little is known, and who is tried
    "propensity": SHARE,  # how probable this panel was
}
ROUTE = record(policy=STRING, panel=listed(STRING), notes=listed(STRING), **WHY)
CALLED = record(name=STRING, arguments=STRING)
REPLY = record(
    {
        "text": STRING,
        "finish": STRING,
        "tool_calls": listed(CALLED),
        "error": STRING,
        "message": STRING,
    },
    expert=STRING,
    seconds=SECONDS,
)
STORY = record(
    # Left out where a request says `"explain": false`.
    {
        **WHY,
        "replies": listed(of("Reply")),
        # Told of kept answers.
        "cached": {"const": True},
        "age_seconds": SECONDS,
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
    replaced=listed(record(expert=STRING, by=STRING)),
    usage=record(
        prompt_tokens=COUNT,
        completion_tokens=COUNT,
        cost_usd=nullable(NUMBER),
        untold_calls=COUNT,  # cancelled ones, whose cost nobody tells
    ),
    timings=record(
        route_seconds=SECONDS,
        panel_seconds=SECONDS,
        aggregate_seconds=SECONDS,
        total_seconds=SECONDS,
    ),
)
TOOL_CALL = record(id=STRING, type={"const": "function"}, function=CALLED)
CHOICE = record(
    index=COUNT,
    message=record(
        {"tool_calls": listed(TOOL_CALL)},
        role={"const": "assistant"},
        content=nullable(STRING),
        refusal=nullable(STRING),
    ),
    logprobs=nullable({"type": "object"}),
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
DELTA = record(
    {
        "delta": record(
            {
                "role": STRING,
                "content": nullable(STRING),
                "tool_calls": listed(record({"id": STRING}, index=COUNT)),  # pieces of them
            }
        ),
        "logprobs": nullable({"type": "object"}),
        "finish_reason": nullable(STRING),
    },
    index=COUNT,
)
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
READINESS = record(
    {"degraded": listed(STRING)}, status={"enum": ["ready", "waiting"]}, awaiting=listed(STRING)
)

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
