import pytest

from api.bodies import ChatBody
from orchestrator.errors import OutOfTime, Refused
from orchestrator.types import AS_THE_POLICY_SAYS, Control
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of


def request_of(**body):
    return ChatBody.model_validate(asking(**body)).request(ScriptedService())


async def post(service, body, path="/v1/chat/completions"):
    async with client_of(app_of(service)) as client:
        return await client.post(path, json=body)


def test_a_control_is_passed_on_whole():
    asked = request_of(
        convene={
            "size": 2,
            "confidence": 1,
            "budget": {"dollars": 0.01, "seconds": 5},
            "allow": ["ada", "bob"],
            "deny": ["bob"],
        }
    )
    allow, deny = frozenset({"ada", "bob"}), frozenset({"bob"})
    assert asked.control == Control(2, 1.0, 0.01, 5.0, allow, deny)


@pytest.mark.parametrize("body", [{}, {"convene": None}, {"convene": {"size": None}}], ids=str)
def test_what_is_left_out_is_as_the_policy_says(body):
    assert request_of(**body).control == AS_THE_POLICY_SAYS


@pytest.mark.parametrize("policy", ["vote", "convene/vote"])
def test_a_policy_named_beside_the_model_goes_first(policy):
    assert request_of(model="convene/auto", convene={"policy": policy}).model == "vote"


@pytest.mark.parametrize(
    ("model", "policy", "message"),
    [("auto", "ada", "use one of auto, vote"), ("ada", "vote", "ada answers alone")],
    ids=["an expert's name", "beside an expert"],
)
async def test_a_policy_that_cannot_be_is_refused(model, policy, message):
    response = await post(ScriptedService(), asking(model=model, convene={"policy": policy}))
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, "convene.policy")
    assert message in error["message"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_what_the_service_refuses_is_a_400_naming_the_field(stream):
    service = ScriptedService((Refused("deny", "no expert named 'zed'; use some of ada"),))
    response = await post(service, asking(stream=stream, convene={"deny": ["zed"]}))
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, "convene.deny")
    assert error["message"] == "convene.deny: no expert named 'zed'; use some of ada"


async def test_running_out_of_time_is_a_504_that_is_not_retried():
    response = await post(ScriptedService((OutOfTime(2, []),)), asking())
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (504, "convene.budget.seconds")
    assert response.headers["x-should-retry"] == "false"


async def test_a_story_can_be_had_without_its_reasons():
    told = (await post(ScriptedService(), asking(convene={"explain": False}))).json()["convene"]
    assert told["panel"] == ["ada", "bob"]
    assert not {"candidates", "replies", "skills"} & told.keys()


async def test_a_dry_run_takes_a_control_too():
    service = ScriptedService()
    body = {"question": "6 x 7?", "convene": {"size": 1}}
    assert (await post(service, body, "/v1/route")).status_code == 200
    assert service.asked[0].control.size == 1
