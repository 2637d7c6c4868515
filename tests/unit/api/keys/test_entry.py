"""The whole app, with keys: who gets in, and what they are told."""

from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import Route

from api.app import create_app
from api.keys.errors import KeysAway, OverLimit
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.key import Role
from api.keys.visitor import OPEN, Keys, needed, visitor
from api.refusing import response
from api.running import Running
from experts.cards import ScriptedCard
from orchestrator.policies import POLICIES
from tests.keys import Shared, limits, made
from tests.unit.api.scripted import ScriptedService, asking, client_of, healthy

USE, USE_TOKEN = made("user", limits=limits(requests=["3/day"]))
ADMIN, ADMIN_TOKEN = made("boss", role=Role.ADMIN)
CARDS = {name: ScriptedCard(kind="scripted") for name in ("ada", "bob")}
PATH = "/v1/chat/completions"


def app_with_keys(service=None, shared=None):
    shared = shared or Shared()
    shared.add(USE, ADMIN)
    keeper = Keeper(shared, shared, clock=lambda: 1_800_000_000.0)

    @asynccontextmanager
    async def opened():
        running = service or ScriptedService()
        yield Running(running, healthy, keys=Keys(keeper, Estimator(CARDS, POLICIES)))

    app = create_app(opened)
    probe = APIRouter()

    @probe.get("/v1/whoami")
    async def whoami(request: Request) -> dict[str, object]:
        whose = visitor(request.scope)
        return {"tenant": whose and whose.tenant, "headers": dict(request.headers)}

    @probe.post("/admin/anything")
    async def anything() -> dict[str, str]:
        return {"done": "by an admin"}

    app.include_router(probe)
    return app


def bearing(token, **more):
    return {"authorization": f"Bearer {token}", **more}


async def ask(app, headers, path=PATH, **more):
    async with client_of(app) as client:
        return await client.post(path, json=asking(**more), headers=headers)


async def test_a_key_opens_and_is_told_how_it_stands():
    answered = await ask(app_with_keys(), bearing(USE_TOKEN))
    assert answered.status_code == 200
    assert answered.headers["x-ratelimit-limit-requests"] == "3"
    assert answered.headers["x-ratelimit-remaining-requests"] == "2"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": USE_TOKEN},
        {"authorization": f"Basic {USE_TOKEN}"},
        {"x-api-key": USE_TOKEN},
        {"cookie": f"authorization=Bearer {USE_TOKEN}"},
        bearing("none"),
        bearing(USE_TOKEN[:-3] + "AAA"),
        bearing(USE.seals[0].hash),
        bearing(f"convene_{USE.id}_{USE.seals[0].hash}"),
        [("authorization", f"Bearer {USE_TOKEN}"), ("authorization", f"Bearer {ADMIN_TOKEN}")],
        {"x-convene-tenant": "acme", "x-convene-key": USE.id, "x-forwarded-user": "boss"},
    ],
    ids=str,
)
async def test_whoever_has_no_key_is_turned_away_in_openais_shape(headers):
    service = ScriptedService()
    refused = await ask(app_with_keys(service), headers)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (401, "invalid_api_key")
    assert error.keys() == {"message", "type", "param", "code"}
    assert refused.headers["www-authenticate"] == "Bearer"
    assert not service.asked


async def test_no_header_changes_who_asks_and_no_key_reaches_beyond_the_entrance():
    spoofed = {"x-convene-tenant": "boss", "X-Convene-Role": "admin", "x-request-id": "mine"}
    async with client_of(app_with_keys()) as client:
        told = await client.get("/v1/whoami", headers=bearing(USE_TOKEN, **spoofed))
        refused = await client.post("/admin/anything", headers=bearing(USE_TOKEN, **spoofed))
    assert told.json()["tenant"] == "acme"
    assert told.json()["headers"]["x-request-id"] == "mine"
    assert (
        not {"authorization", "x-convene-tenant", "x-convene-role"} & told.json()["headers"].keys()
    )
    assert refused.status_code == 403


async def test_no_log_line_and_no_answer_holds_a_key(caplog):
    caplog.set_level("DEBUG")
    app = app_with_keys()
    for token in (USE_TOKEN, USE_TOKEN[:-3] + "AAA"):
        told = await ask(app, bearing(token))
        assert token not in told.text + str(told.headers)
        # the test's own client logs what it sends
        ours = [record for record in caplog.records if record.name.startswith("api.")]
        assert ours
        assert not any(token in str(vars(record)) for record in ours)


def paths(app):
    """(method, path) of everything that the app serves."""
    for route in app.routes:
        assert isinstance(route, Route | APIRoute), f"{route} is not checked by this test"
        for method in route.methods or ():
            yield method, route.path.replace("{model:path}", "convene/auto")


async def test_every_route_refuses_who_has_no_key_and_every_admins_route_refuses_a_user():
    app = app_with_keys()
    seen = set()
    async with client_of(app) as client:
        for method, path in paths(app):
            anyone = (await client.request(method, path)).status_code
            user = (await client.request(method, path, headers=bearing(USE_TOKEN))).status_code
            admin = (await client.request(method, path, headers=bearing(ADMIN_TOKEN))).status_code
            role = needed(path)
            seen.add((path, role))
            assert (anyone == 401) == (path not in OPEN), path
            assert (user == 403) == (role is Role.ADMIN), path
            assert admin not in (401, 403), path
    assert {("/admin/anything", Role.ADMIN), ("/openapi.json", Role.ADMIN)} <= seen
    assert {("/v1/embeddings", Role.USE), ("/v1/models", Role.USE), ("/healthz", None)} <= seen


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v2/x", "/V1/models", "//v1/models", "/healthz/", "/admin/anything", "/metrics"],
)
def test_what_is_not_listed_is_for_admins(path):
    assert needed(path) is Role.ADMIN


@pytest.mark.parametrize("host", ["localhost/healthz?", "localhost/v1/", "evil.example"])
async def test_an_odd_host_opens_nothing(host):
    async with client_of(app_with_keys()) as client:
        headers = bearing(USE_TOKEN, host=host)
        admins = await client.post("/admin/anything", headers=headers)
        models = await client.get("/v1/models", headers={"host": host})
    assert (admins.status_code, models.status_code) == (403, 401)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_over_the_limit_is_a_429_that_says_when(stream):
    app = app_with_keys()
    async with client_of(app) as client:
        for _ in range(3):
            answered = await client.post(
                PATH, json=asking(stream=stream), headers=bearing(USE_TOKEN)
            )
            assert answered.status_code == 200
        refused = await client.post(PATH, json=asking(stream=stream), headers=bearing(USE_TOKEN))
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert int(refused.headers["retry-after"]) > 1


async def test_a_key_that_cannot_be_checked_is_a_503():
    refused = await ask(app_with_keys(shared=Shared(there=False)), bearing(USE_TOKEN))
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "keys_away")
    assert refused.headers["retry-after"]


async def test_health_is_told_to_everybody():
    async with client_of(app_with_keys(shared=Shared(there=False))) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


async def test_where_no_keys_are_asked_for_any_or_none_will_do():
    async with client_of(create_app(_without_keys)) as client:
        for headers in ({}, bearing("none"), bearing(USE_TOKEN)):
            assert (await client.post(PATH, json=asking(), headers=headers)).status_code == 200


@asynccontextmanager
async def _without_keys():
    yield Running(ScriptedService(), healthy)


@pytest.mark.parametrize(
    ("error", "status", "code", "headers"),
    [
        (KeysAway("this key"), 503, "keys_away", {"retry-after": "2"}),
        (
            OverLimit("x", budget=True, seconds=9),
            429,
            "insufficient_quota",
            {"retry-after": "9"},
        ),
        (
            OverLimit("x", budget=False, seconds=None),
            429,
            "rate_limit_exceeded",
            {"x-should-retry": "false"},
        ),
    ],
    ids=["away", "budget", "never"],
)
def test_each_refusal_has_its_status_and_says_if_asking_again_helps(error, status, code, headers):
    told = response(error)
    assert told.status_code == status
    assert f'"code":"{code}"'.encode() in told.body
    assert headers.items() <= httpx.Headers(told.raw_headers).items()
