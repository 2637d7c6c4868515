"""JSON schemas of what is kept and can be listed: responses, files, batches, experts, feedback."""

from api.document.schemas import (
    COUNT,
    NUMBER,
    SCHEMAS,
    SHARE,
    STRING,
    Schema,
    listed,
    nullable,
    of,
    record,
    table,
)

EVENT = record({"event": STRING}, data=STRING)
PAGE = {"first_id": nullable(STRING), "last_id": nullable(STRING), "has_more": {"type": "boolean"}}
TIME = nullable(COUNT)  # seconds since 1970
GONE: Schema = {"const": True}
SPENT = record(input_tokens=COUNT, output_tokens=COUNT, total_tokens=COUNT)
ITEM = record({"id": STRING, "status": STRING}, type=STRING)
RESPONSE = record(
    id=STRING,
    object={"const": "response"},
    created_at=COUNT,
    completed_at=TIME,
    status={"enum": ["completed", "failed", "in_progress", "incomplete"]},
    model=STRING,
    output=listed(of("Item")),
    error=nullable(record(code=STRING, message=STRING)),
    incomplete_details=nullable(record(reason=STRING)),
    previous_response_id=nullable(STRING),
    store={"type": "boolean"},
    usage=nullable(of("Spent")),
    metadata=table(STRING),
    convene={"type": "object"},  # as in a chat completion
)
FILE = record(
    id=STRING,
    object={"const": "file"},
    bytes=COUNT,
    created_at=COUNT,
    expires_at=COUNT,
    filename=STRING,
    purpose={"enum": ["batch", "batch_output"]},
    status={"const": "processed"},
)
PROBLEM = record(code=STRING, message=STRING, line=nullable(COUNT), param=nullable(STRING))
BATCH = record(
    id=STRING,
    object={"const": "batch"},
    endpoint=STRING,
    errors=nullable(record(object={"const": "list"}, data=listed(PROBLEM))),
    input_file_id=STRING,
    completion_window={"const": "24h"},
    status={
        "enum": [
            "validating",
            "failed",
            "in_progress",
            "finalizing",
            "completed",
            "expired",
            "cancelling",
            "cancelled",
        ]
    },
    output_file_id=nullable(STRING),
    error_file_id=nullable(STRING),
    created_at=COUNT,
    expires_at=COUNT,
    in_progress_at=TIME,
    request_counts=record(total=COUNT, completed=COUNT, failed=COUNT),
    usage=of("Spent"),
    metadata=nullable(table(STRING)),
)
EXPERT = record(
    object={"const": "expert"},
    name=STRING,
    source={"enum": ["file", "posted"]},
    state={"enum": ["serving", "draining"]},
    evidence=record(graded=NUMBER, feedback=NUMBER),
    card={"type": "object"},  # as in the registry file, without its api_key
)
FEEDBACK = record(object={"const": "feedback"}, request_id=STRING, credited=table(SHARE))
LIST: Schema = {"const": "list"}

ALL: dict[str, Schema] = {
    **SCHEMAS,
    "Spent": SPENT,
    "Item": ITEM,
    "ItemList": record(object=LIST, data=listed(of("Item")), **PAGE),
    "Response": RESPONSE,
    "ResponseEvent": EVENT,
    "File": FILE,
    "FileList": record(object=LIST, data=listed(of("File")), **PAGE),
    "Batch": BATCH,
    "BatchList": record(object=LIST, data=listed(of("Batch")), **PAGE),
    "BatchEvent": EVENT,
    "Deleted": record(id=STRING, object=STRING, deleted=GONE),
    "Expert": EXPERT,
    "ExpertList": record(object=LIST, data=listed(of("Expert"))),
    "DeletedExpert": record(object={"const": "expert"}, name=STRING, deleted=GONE),
    "Feedback": FEEDBACK,
}
