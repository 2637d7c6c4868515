"""What the document says of files and batches."""

from collections.abc import Mapping
from typing import Any

from api.document.operation import BATCH, Operation, as_events, as_json
from api.document.refusals import FOUND
from api.document.schemas import STRING

FILE: dict[str, Any] = {
    "id": "file-3f0c5c1e7a7d4f9e8b1d2c3a4b5c6d7e",
    "object": "file",
    "bytes": 1200,
    "created_at": 1800000000,
    "expires_at": 1802592000,
    "filename": "questions.jsonl",
    "purpose": "batch",
    "status": "processed",
}
MADE: dict[str, Any] = {
    "id": "batch_6d0b7a5c4e3f4d2c9b8a7f6e5d4c3b2a",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": None,
    "input_file_id": FILE["id"],
    "completion_window": "24h",
    "status": "in_progress",
    "output_file_id": None,
    "error_file_id": None,
    "created_at": 1800000000,
    "expires_at": 1800086400,
    "in_progress_at": 1800000001,
    "request_counts": {"total": 3, "completed": 1, "failed": 0},
    "usage": {"input_tokens": 24, "output_tokens": 8, "total_tokens": 32},
    "metadata": {"run": "nightly"},
}
SEEN = (
    'data: {"id":"batch_6d0b","object":"batch","status":"completed",'
    '"request_counts":{"total":3,"completed":3,"failed":0},'
    '"convene":{"experts":{"ada":3},"seconds_left":null}}\n\ndata: [DONE]\n\n'
)


def _page(item: Mapping[str, Any]) -> dict[str, Any]:
    ids = {"first_id": item["id"], "last_id": item["id"]}
    return {"object": "list", "data": [item], **ids, "has_more": False}


ONE_BATCH = as_json("Batch", MADE)

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("post", "/v1/files"): Operation(BATCH, "Hand a file in", as_json("File", FILE)),
    ("get", "/v1/files"): Operation(
        BATCH, "List the files", as_json("FileList", _page(FILE)), refusals=(400, *FOUND)
    ),
    ("get", "/v1/files/{id}"): Operation(
        BATCH, "Find a file", as_json("File", FILE), refusals=FOUND
    ),
    ("get", "/v1/files/{id}/content"): Operation(
        BATCH,
        "Fetch a file",
        {"application/octet-stream": {"schema": STRING}},
        refusals=FOUND,
    ),
    ("delete", "/v1/files/{id}"): Operation(
        BATCH,
        "Delete a file",
        as_json("Deleted", {"id": FILE["id"], "object": "file", "deleted": True}),
        refusals=FOUND,
    ),
    ("post", "/v1/batches"): Operation(BATCH, "Have a file answered", ONE_BATCH),
    ("get", "/v1/batches"): Operation(
        BATCH, "List the batches", as_json("BatchList", _page(MADE)), refusals=(400, *FOUND)
    ),
    ("get", "/v1/batches/{id}"): Operation(BATCH, "Find a batch", ONE_BATCH, refusals=FOUND),
    ("post", "/v1/batches/{id}/cancel"): Operation(
        BATCH, "Ask no more of a batch", ONE_BATCH, refusals=(409, *FOUND)
    ),
    ("post", "/v1/batches/{id}/resume"): Operation(
        BATCH, "Go on with a batch that was cut short", ONE_BATCH, refusals=(409, *FOUND)
    ),
    ("get", "/v1/batches/{id}/events"): Operation(
        BATCH, "Watch a batch", as_events("BatchEvent", SEEN), refusals=FOUND
    ),
}
