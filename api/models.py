"""GET /v1/models: every name that may stand as `model`."""

from typing import Any

from fastapi import APIRouter, Response

from api.fusion import FUSION
from api.opening import Open
from api.running import Running
from api.wire import Json
from orchestrator.errors import UnknownModel

router = APIRouter(prefix="/v1/models")


@router.get("")
async def models(running: Open) -> Response:
    """The policies as `convene/<policy>`, fusion, the experts, and the embedding models."""
    return Json({"object": "list", "data": [_model(name) for name in _names(running)]})


@router.get("/{model:path}")
async def model(model: str, running: Open) -> Response:
    """One of them; a policy's bare name will do."""
    names = _names(running)
    if model in running.service.policies:
        model = f"convene/{model}"
    if model not in names:
        raise UnknownModel(model, names)
    return Json(_model(model))


def _names(running: Running) -> list[str]:
    service = running.service
    policies = [f"convene/{policy}" for policy in service.policies]
    return [*policies, FUSION, *service.experts, *running.embedders]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "convene"}
