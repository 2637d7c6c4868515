import json

import pytest

from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of

URL = "/v1/chat/completions"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"]
)
async def test_a_body_of_any_json_type_is_read(kind):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.post(
            URL, content=json.dumps(asking()), headers={"content-type": kind}
        )
    assert response.status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonx", "x/json", ""])
async def test_a_body_of_another_type_is_refused_with_what_to_send(kind):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.post(URL, content=b"{}", headers={"content-type": kind})
    assert response.status_code == 415
    assert "content-type: application/json" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"{", "invalid_json"), (b"", "invalid_type"), (b"[]", "invalid_type"), (b"\xff{}", None)],
    ids=["broken", "empty", "no object", "no UTF-8"],
)
async def test_a_body_that_is_no_json_object_is_refused(content, code):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.post(
            URL, content=content, headers={"content-type": "application/json"}
        )
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
