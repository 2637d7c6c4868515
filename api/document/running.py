"""What the document says of models, experts, feedback and the service itself."""

from collections.abc import Mapping
from typing import Any

from api.document.operation import CHANGE, KNOW, RUN, Operation, as_json
from api.document.refusals import FOUND
from api.document.schemas import STRING

MODEL = {"id": "convene/auto", "object": "model", "created": 0, "owned_by": "convene"}
EXPERT: dict[str, Any] = {
    "object": "expert",
    "name": "far",
    "source": "posted",
    "state": "serving",
    "evidence": {"graded": 0.0, "feedback": 1.25},
    "card": {"kind": "hosted", "model": "m", "base_url": "http://127.0.0.1:9000/v1"},
}
GIVEN = {
    "object": "feedback",
    "request_id": "req_0123456789abcdef01234567",
    "credited": {"ada": 1.0, "bob": 0.0},
}
READY: dict[str, Any] = {"status": "ready", "awaiting": [], "degraded": []}
WAITING = {"status": "waiting", "awaiting": ["the experts to start"]}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("post", "/v1/feedback"): Operation(
        CHANGE, "Say how good an answer was", as_json("Feedback", GIVEN), refusals=FOUND
    ),
    ("get", "/v1/experts"): Operation(
        CHANGE, "List the experts", as_json("ExpertList", {"object": "list", "data": [EXPERT]})
    ),
    ("post", "/v1/experts"): Operation(
        CHANGE, "Add an expert", as_json("Expert", EXPERT), refusals=(409,), status=201
    ),
    ("delete", "/v1/experts/{name}"): Operation(
        CHANGE,
        "Take an expert out that was added",
        as_json("DeletedExpert", {"object": "expert", "name": "far", "deleted": True}),
        refusals=(409, *FOUND),
    ),
    ("get", "/v1/models"): Operation(
        KNOW, "List the models", as_json("ModelList", {"object": "list", "data": [MODEL]})
    ),
    ("get", "/v1/models/{model}"): Operation(
        KNOW, "Find a model", as_json("Model", MODEL), refusals=(400, *FOUND)
    ),
    ("get", "/healthz"): Operation(
        RUN, "Whether the process lives", as_json("Health", {"status": "ok"})
    ),
    ("get", "/readyz"): Operation(
        RUN,
        "Whether experts can be asked",
        as_json("Readiness", READY),
        others={503: as_json("Readiness", WAITING)},
    ),
    ("get", "/metrics"): Operation(
        RUN, "Metrics for Prometheus", {"text/plain": {"schema": STRING}}
    ),
}
