import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.endpoint import document
from experts.types import Cause, Failure
from orchestrator.errors import PanelFailed
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


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_refusal_before_the_first_byte_has_its_status_and_is_no_bug(stream, caplog):
    service = ScriptedService((PanelFailed([Failure("ada", Cause.REJECTED, "bad key")]),))
    async with client_of(app_of(service)) as client:
        response = await client.post(URL, json=asking(stream=stream))
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "panel_failed"
    assert "request_failed" not in {getattr(record, "action", "") for record in caplog.records}


async def test_a_bug_is_answered_and_logged_once(caplog):
    async with client_of(app_of(ScriptedService((KeyError("x"),)))) as client:
        response = await client.post(URL, json=asking())
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")
    actions = [getattr(record, "action", "") for record in caplog.records if record.exc_info]
    assert actions == ["request_failed"]


@pytest.mark.parametrize("path", [URL, f"{URL}/"])
async def test_what_no_endpoint_takes_is_left_to_the_framework(path):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.get(path)
    assert response.status_code == (405 if path == URL else 404)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.integers(0, 40))
async def test_a_body_is_read_as_python_reads_json_however_it_is_cut(value, place):
    body = json.dumps(value).encode()
    portions = [body[:place], body[place:]]

    async def receive():
        rest = portions.pop(0)
        return {"type": "http.request", "body": rest, "more_body": bool(portions)}

    headers = [(b"content-type", b"application/json")]
    http = Request({"type": "http", "headers": headers}, receive)
    assert await document(http) == json.loads(body)
