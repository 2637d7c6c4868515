import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from api.guard import Guard, hostname
from tests.unit.api.scripted import ScriptedService, app_of, asking, client_of


async def test_a_body_above_the_limit_is_a_413():
    async with client_of(app_of(ScriptedService(), max_body=1000)) as client:
        response = await client.post("/v1/chat/completions", json=asking("x" * 1000))
    assert response.status_code == 413
    assert "1000 bytes" in response.json()["error"]["message"]


async def test_a_body_above_the_limit_is_found_without_a_declared_length():
    async def pieces():
        for _ in range(100):
            yield b"x" * 100

    headers = {"content-type": "application/json"}
    async with client_of(app_of(ScriptedService(), max_body=1000)) as client:
        response = await client.post("/v1/chat/completions", content=pieces(), headers=headers)
    assert response.status_code == 413


async def test_a_body_that_does_not_arrive_is_a_408():
    sent = []

    async def app(scope, receive, send):
        await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    guard = Guard(app, body_seconds=0.01)
    with pytest.raises(Exception, match=r"within 0\.01 s"):
        await guard({"type": "http", "path": "/", "headers": []}, receive, send)


async def test_a_file_may_be_larger_than_any_other_body():
    async with client_of(app_of(ScriptedService(), max_body=1000)) as client:
        form = {"files": {"file": b"x" * 5000}, "data": {"purpose": "batch"}}
        taken = await client.post("/v1/files", **form)
        refused = await client.post("/v1/batches", content=b"x" * 5000)
    assert taken.status_code == 501  # this service has no place for it
    assert refused.status_code == 413


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8000", 200), ("LOCALHOST", 200), ("[::1]:80", 200), ("evil.example", 421)],
)
async def test_only_our_own_hosts_are_answered_where_they_are_named(host, status):
    app = app_of(ScriptedService(), hosts={"localhost", "::1"})
    async with client_of(app) as client:
        response = await client.get("/v1/models", headers={"host": host})
    assert response.status_code == status


@pytest.mark.parametrize("host", ["a b", "x/y?z#@q", "[::1", "", "é".encode()])
async def test_odd_hosts_do_not_change_what_is_answered(host):
    async with client_of(app_of(ScriptedService())) as client:
        response = await client.get("/v1/models", headers=httpx.Headers({"host": host}))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("a:1", "a"),
        ("A", "a"),
        ("[::1]:8000", "::1"),
        ("[::1]", "::1"),
        ("", ""),
        ("a:1@b", "a:1@b"),
    ],
)
def test_a_hostname_is_the_host_without_its_port(host, name):
    assert hostname(host) == name


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [
        ("1.1", ["localhost"], 200),
        ("1.1", [], 400),
        ("1.1", ["localhost", "localhost"], 400),
        ("1.0", [], 200),
        ("1.0", ["localhost", "evil.example"], 400),
    ],
)
async def test_a_request_names_one_host(version, hosts, status):
    told = []

    async def send(message):
        told.append(message)

    guard = Guard(PlainTextResponse("in"), hosts={"localhost"})
    headers = [(b"host", host.encode()) for host in hosts]
    scope = {"type": "http", "http_version": version, "path": "/", "headers": headers}
    await guard(scope, _nothing, send)
    assert told[0]["status"] == status


async def _nothing():
    return {"type": "http.request"}


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("Identity", 200)])
async def test_a_compressed_body_is_refused_unread(encoding, status):
    async with client_of(app_of(ScriptedService())) as client:
        headers = {"content-encoding": encoding}
        answered = await client.post("/v1/chat/completions", json=asking(), headers=headers)
    assert answered.status_code == status


async def test_a_body_that_trickles_in_is_told_so_and_its_connection_closed():
    async def pieces():
        yield b'{"model":'
        await asyncio.Event().wait()

    app = app_of(ScriptedService())
    async with client_of(app):
        transport = httpx.ASGITransport(Guard(app, body_seconds=0.05))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"content-type": "application/json"}
            answered = await client.post("/v1/chat/completions", content=pieces(), headers=headers)
    assert (answered.status_code, answered.headers["connection"]) == (408, "close")
