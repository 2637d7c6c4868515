import pytest

from api.errors import TABLE, NotOpen
from api.refusing import document, response, told
from experts.types import Cause, Failure
from orchestrator import errors as orchestrator_errors
from orchestrator.errors import PanelFailed, QuestionTooLong
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of


def test_every_error_of_the_orchestrator_has_an_entry():
    leaves = [
        error
        for error in vars(orchestrator_errors).values()
        if isinstance(error, type) and issubclass(error, Exception) and not error.__subclasses__()
    ]
    assert leaves
    assert [error for error in leaves if error not in TABLE] == []


def test_an_error_without_an_entry_is_told_as_its_nearest_ancestor():
    class StillWarm(NotOpen):
        pass

    assert told(StillWarm()) is TABLE[NotOpen]
    assert told(KeyError("x")) is TABLE[Exception]


def test_a_bug_keeps_its_message_to_itself():
    assert "hunter2" not in str(document(KeyError("hunter2")))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
        ("GET", "/v1/models/", 404),
        ("GET", "/docs", 404),
    ],
)
async def test_the_frameworks_own_errors_have_openais_shape(method, path, status):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.request(method, path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert response.headers["x-request-id"].startswith("req_")


async def test_a_wrong_method_is_told_all_that_are_right():
    async with client_of(app_of(ScriptedService())) as client:
        assert (await client.post("/healthz")).headers["allow"] == "GET, HEAD"
        assert (await client.get("/v1/route")).headers["allow"] == "POST"


FULL, DOWN = Cause.UNAVAILABLE, Cause.TIMEOUT


@pytest.mark.parametrize(
    ("failures", "status", "retry_after"),
    [
        pytest.param([(FULL, 7.2), (FULL, 30.0)], 503, "8", id="full: until the first is free"),
        pytest.param([(FULL, None)], 503, None, id="full, for nobody knows how long"),
        pytest.param([(FULL, 0.01)], 503, "1", id="full for a moment"),
        pytest.param([(FULL, 7.0), (DOWN, None)], 502, "7", id="full and too slow"),
        pytest.param([(FULL, 7.0), (Cause.REJECTED, None)], 502, None, id="one will not work"),
    ],
)
def test_a_panel_that_could_not_be_asked_says_when_to_ask_again(failures, status, retry_after):
    failed = PanelFailed([Failure("ada", cause, "why", 0.0, when) for cause, when in failures])
    answer = response(failed)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry_after
    assert "x-should-retry" not in answer.headers


async def test_a_question_too_long_for_every_expert_is_the_clients_error():
    long = QuestionTooLong([Failure("ada", Cause.TOO_LONG, "802 tokens, and the context is 256")])
    async with client_of(app_of(ScriptedService(script=(long,)))) as client:
        response = await client.post("/v1/chat/completions", json=asking("long"))
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert "ada: too_long: 802 tokens" in error["message"]
