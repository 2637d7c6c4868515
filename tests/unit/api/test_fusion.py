import pytest

from api.bodies import ChatBody
from api.errors import Unfit
from orchestrator.types import Control
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of


def fusing(model="convene/fusion", convene=None, **plugin):
    return asking(model=model, plugins=[{"id": "fusion", **plugin}], convene=convene)


def request_of(body, **service):
    return ChatBody.model_validate(body).request(ScriptedService(**service))


BOTH = frozenset({"ada", "bob"})


@pytest.mark.parametrize(
    ("body", "control"),
    [
        (asking(model="convene/fusion"), Control(writer="zoe")),
        (asking(model="fusion"), Control(writer="zoe")),
        (fusing(model="ada"), Control(writer="ada")),
        (fusing(), Control(writer="zoe")),
        (fusing(analysis_models=["bob", "ada"]), Control(size=2, allow=BOTH, writer="zoe")),
        (
            asking(
                model="convene/fusion",
                plugins=[{"id": "fusion", "analysis_models": ["bob"], "model": "zoe"}],
            ),
            Control(size=1, allow=frozenset({"bob"}), writer="zoe"),
        ),
        (fusing(convene={"deny": ["bob"]}), Control(deny=frozenset({"bob"}), writer="zoe")),
    ],
)
def test_a_fusion_is_a_synthesis_of_these_by_that_one(body, control):
    asked = request_of(body)
    assert (asked.model, asked.control) == ("synthesize", control)


def test_a_plugin_that_is_not_enabled_is_not_there():
    assert request_of(fusing("vote", enabled=False)).model == "vote"


def test_a_registry_without_aggregator_needs_a_writer():
    with pytest.raises(Unfit, match="no aggregator"):
        request_of(fusing(), writers=("ada", "bob"))


async def post(body):
    async with client_of(app_of(ScriptedService())) as client:
        return await client.post("/v1/chat/completions", json=body)


def plugin(**fields):
    return asking(model="convene/fusion", plugins=[{"id": "fusion", **fields}])


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (plugin(analysis_models=["ada", "zed"]), 404, "plugins.0.analysis_models.1"),
        (plugin(model="zed"), 404, "plugins.0.model"),
        (fusing("zed"), 404, "model"),
        (plugin(analysis_models=["convene/fusion"]), 400, "plugins.0.analysis_models.0"),
        (plugin(analysis_models=["auto"]), 400, "plugins.0.analysis_models.0"),
        (plugin(model="convene/vote"), 400, "plugins.0.model"),
        (plugin(analysis_models=["ada", "ada"]), 400, "plugins.0.analysis_models"),
        (plugin(analysis_models=["ada"] * 9), 400, "plugins.0.analysis_models"),
        (plugin(analysis_models=[]), 400, "plugins.0.analysis_models"),
        (plugin(presets=1), 400, "plugins.0.presets"),
        (asking(plugins=[{"id": "web"}]), 400, "plugins.0.id"),
        (fusing("vote"), 400, "plugins.0"),
        (fusing(convene={"policy": "vote"}), 400, "convene.policy"),
        (
            plugin(analysis_models=["ada"]) | {"convene": {"size": 2}},
            400,
            "plugins.0.analysis_models",
        ),
    ],
    ids=lambda value: str(value)[:90],
)
async def test_a_wrong_fusion_is_refused_naming_the_parameter(body, status, param):
    response = await post(body)
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
