import pytest

from tests.encoders import BagOfWords
from tests.unit.api.scripted import ScriptedService, app_of, client_of


async def test_models_are_the_policies_then_the_experts():
    async with client_of(app_of(ScriptedService())) as client:
        listed = (await client.get("/v1/models")).json()
    assert listed["object"] == "list"
    assert [m["id"] for m in listed["data"]] == [
        "convene/auto",
        "convene/vote",
        "convene/fusion",
        "ada",
        "bob",
    ]


async def test_the_encoder_is_a_model_where_there_is_one():
    async with client_of(app_of(ScriptedService(), BagOfWords())) as client:
        listed = (await client.get("/v1/models")).json()
        assert (await client.get("/v1/models/convene/encoder")).status_code == 200
    assert listed["data"][-1]["id"] == "convene/encoder"


@pytest.mark.parametrize(
    ("name", "id"), [("convene/auto", "convene/auto"), ("auto", "convene/auto"), ("ada", "ada")]
)
async def test_one_model_is_found_by_its_name(name, id):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.get(f"/v1/models/{name}")
    assert response.json()["id"] == id


async def test_an_unknown_model_is_not_found():
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.get("/v1/models/convene/zed")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"


async def test_the_api_describes_itself():
    async with client_of(app_of(ScriptedService())) as client:
        described = (await client.get("/openapi.json")).json()
        assert (await client.head("/healthz")).status_code == 200
    assert {"/v1/chat/completions", "/v1/route", "/v1/models"} <= described["paths"].keys()
