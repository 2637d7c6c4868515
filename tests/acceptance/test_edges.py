"""Requests that try to get past a rule, as bytes to `convene serve` where keys are asked for."""

import asyncio
import gzip
import json
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from tests.acceptance import commands
from tests.acceptance.commands import convene
from tests.acceptance.raw import head, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHAT = "/v1/chat/completions"
QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]
REGISTRY = """
experts: {{ada: {{kind: scripted, default: "It is 42."}}}}
service: {{data: {data}}}
"""


@dataclass(frozen=True, slots=True)
class Here:
    """A service, and keys of both roles as header lines."""

    address: str
    use: str
    admin: str

    async def asks(self, method, target, *lines, body=b"", host="localhost"):
        length = (f"content-length: {len(body)}",) if body else ()
        return await said(self.address, head(method, target, *lines, *length, host=host) + body)

    async def chats(self, body, *lines, path=CHAT):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.asks(
            "POST", path, self.use, "content-type: application/json", *lines, body=sent
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edges")
    config = folder / "convene.yaml"
    config.write_text(REGISTRY.format(data=folder / "data"))
    made = [
        await convene("keys", "create", role, "--role", role, "--config", config)
        for role in ("use", "admin")
    ]
    use, admin = (f"authorization: Bearer {ran.out.strip()}" for ran in made)
    async with commands.serving("--config", config) as address:
        async with httpx.AsyncClient(base_url=address) as client, asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - a prober
                await asyncio.sleep(0.05)
        yield Here(address, use, admin)


async def test_the_keys_work(here):
    assert (await here.asks("GET", "/metrics", here.admin)).status == 200
    assert (await here.asks("GET", "/v1/models", here.use)).status == 200
    answered = await here.chats({"model": "ada", "messages": QUESTION})
    assert (answered.status, b"It is 42." in answered.body) == (200, True)


@pytest.mark.parametrize(
    ("host", "more", "status"),
    [
        (None, (), 400),
        ("localhost", ("host: evil.example",), 400),
        ("", (), 421),
        ("evil.example", (), 421),
        ("localhost/healthz?", (), 421),
        ("localhost#@evil.example", (), 421),
        ("localhost:80@evil.example", (), 421),
        ("user:password@localhost", (), 421),
        ("localhost:80:80", (), 421),
        ("localhost.", (), 421),
    ],
)
async def test_an_odd_host_reaches_nothing(here, host, more, status):
    for path in ("/metrics", "/v1/models"):
        heard = await here.asks("GET", path, here.admin, *more, host=host)
        assert heard.status == status
        assert json.loads(heard.body)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "target",
    [
        *("//metrics", "/./metrics", "/v1/../metrics", "/v1/%2e%2e/metrics", "/v1%2f..%2fmetrics"),
        *("/v1/models/../../metrics", "/v1/models/..%2f..%2fmetrics", "/healthz/../metrics"),
        *("/%6detrics", "/metrics/", "/METRICS", "/metrics;v1", "/metrics%00", "/metrics?/v1/"),
        *("/metrics#/v1/", "/v1\\..\\metrics", "/openapi.json", "/v1/..;/metrics"),
        *("http://localhost/metrics", "http://localhost/v1/../metrics", "http://evil/metrics"),
    ],
)
async def test_no_spelling_of_a_path_gets_past_the_admins_check(here, target):
    assert (await here.asks("GET", target)).status in (400, 401)
    user = await here.asks("GET", target, here.use)
    assert user.status in (400, 403, 404)
    assert b"convene_http" not in user.body


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "DELETE", "PATCH", "PUT", "PROPFIND"])
async def test_other_methods_are_refused_and_echo_nothing(here, method):
    for path in (CHAT, "/v1/models", "/metrics"):
        assert (await here.asks(method, path)).status == 401
        heard = await here.asks(method, path, here.admin, "x-canary: sesame")
        assert (heard.status, b"sesame" in heard.body) == (405, False)
        assert heard.headers["allow"]


async def test_a_tunnel_and_a_method_that_nobody_knows_are_refused(here):
    assert (await here.asks("CONNECT", "localhost:80", here.admin)).status in (400, 404, 405)
    assert (await here.asks("EVIL", "/metrics", here.admin)).status == 400


SMUGGLED = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n"
TWO_WAYS = {
    "two lengths": b"content-length: 4\r\ncontent-length: 44\r\n\r\n",
    "two lengths in one": b"content-length: 4, 44\r\n\r\n",
    "a length and chunks": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "chunks in disguise": b"content-length: 4\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a negative length": b"content-length: -1\r\n\r\n",
    "a length in hex": b"content-length: 0x4\r\n\r\n",
    "a chunk that is no number": b"transfer-encoding: chunked\r\n\r\nzz\r\n\r\n0\r\n\r\n",
    "a folded header": b"x: a\r\n b\r\ncontent-length: 0\r\n\r\n",
    "a null in a header": b"x: a\0b\r\ncontent-length: 0\r\n\r\n",
    "a line feed in a header": b"x: a\nb: c\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("lines", TWO_WAYS.values(), ids=TWO_WAYS.keys())
async def test_what_can_be_read_in_two_ways_ends_the_connection(here, lines):
    start = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\n{here.admin}\r\n".encode()
    heard = await said(here.address, start + lines + SMUGGLED)
    assert heard.status == 400
    assert heard.rest == b""


async def test_headers_without_end_are_not_kept(here):
    try:
        heard = await here.asks("GET", "/v1/models", here.use, *["x: " + "y" * 1000] * 5000)
    except ConnectionResetError:
        return  # the server has hung up while there was more to come
    assert heard.status == 431


async def test_a_body_above_the_limit_is_refused_whether_or_not_it_says_so(here):
    declared = await here.asks("POST", CHAT, here.use, "content-length: 99999999")
    assert (declared.status, declared.headers["connection"]) == (413, "close")
    chunked = head(
        *("POST", CHAT, here.use, "content-type: application/json", "transfer-encoding: chunked")
    )
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    assert (await said(here.address, chunked + piece * 17)).status == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
async def test_a_compressed_body_is_refused_unread(here, encoding):
    bomb = gzip.compress(b" " * 10_000_000)
    heard = await here.chats(bomb, f"content-encoding: {encoding}")
    assert heard.status == 415
    assert "content-encoding" in json.loads(heard.body)["error"]["message"]


def chat(**more):
    return {"model": "ada", "messages": QUESTION, **more}


def nested(depth):
    schema = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


def by(schema):
    json_schema = {"name": "x", "schema": schema}
    return chat(response_format={"type": "json_schema", "json_schema": json_schema})


WRONG = {
    "nested deep": (b"[" * 100_000, None),
    "nested deep in a field": (b'{"model":' + b'{"a":' * 100_000, None),
    "invalid UTF-8": (b'{"model": "\xff"}', None),
    "half an emoji": (chat(messages=[{"role": "user", "content": "\ud83d"}]), "messages.0.content"),
    "NaN": (chat(temperature=float("nan")), "temperature"),
    "infinity": (chat(top_p=float("inf")), "top_p"),
    "a float too large": (json.dumps(chat(top_p=0.5)).replace("0.5", "1e999").encode(), "top_p"),
    "an integer too large": (chat(seed=10**400), "seed"),
    "an integer beyond reading": (b'{"seed": ' + b"9" * 5000 + b"}", None),
    "too many messages": (chat(messages=QUESTION * 1001), "messages"),
    "too long a text": (chat(messages=[{"role": "user", "content": "x" * 100_001}]), "messages"),
    "too many samples": (chat(n=17), "n"),
    "too many stops": (chat(stop=["."] * 5), "stop"),
    "too many names": (chat(convene={"deny": ["ada"] * 1001}), "convene.deny"),
    "too long a name": (chat(model="x" * 257), "model"),
    "too large a schema": (
        by({"enum": [*range(2001)]}),
        "response_format.json_schema.schema",
    ),
    "too deep a schema": (by(nested(500)), "response_format.json_schema.schema"),
    "a schema from elsewhere": (
        by({"$ref": "http://127.0.0.1/x"}),
        "response_format.json_schema.schema",
    ),
}


@pytest.mark.parametrize(("body", "param"), WRONG.values(), ids=WRONG.keys())
async def test_a_hostile_body_is_a_400_that_names_the_parameter(here, body, param):
    heard = await here.chats(body)
    error = json.loads(heard.body)["error"]
    assert (heard.status, error["param"]) == (400, param)


async def test_too_many_options_are_refused(here):
    heard = await here.chats({"question": "Which?", "options": ["x"] * 27}, path="/v1/route")
    assert (heard.status, json.loads(heard.body)["error"]["param"]) == (400, "options")


async def test_of_a_key_that_is_there_twice_the_last_counts_and_all_of_it_is_checked(here):
    whole = json.dumps(chat())[1:]
    assert (await here.chats(f'{{"n": 99, "n": 1, {whole}'.encode())).status == 200
    assert (await here.chats(f'{{"n": 1, "n": 99, {whole}'.encode())).status == 400


@pytest.mark.parametrize("scheme", ["http", "file"])
async def test_nothing_that_a_message_names_is_fetched(here, scheme, tmp_path):
    reached = asyncio.Event()
    listener = await asyncio.start_server(lambda *_: reached.set(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    url = f"http://127.0.0.1:{port}/x.png" if scheme == "http" else f"file://{secret}"
    parts = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "input_image", "image_url": url},
        {"type": "file", "file": {"file_id": url, "file_data": url}},
        {"type": "input_file", "file_url": url},
        {"type": "input_audio", "input_audio": {"data": url, "format": "wav"}},
    ]
    async with listener:
        for part in parts:
            text = {"type": "text", "text": "What is this?"}
            heard = await here.chats(chat(messages=[{"role": "user", "content": [text, part]}]))
            assert (heard.status, b"sesame" in heard.body) == (400, False)
            assert json.loads(heard.body)["error"]["param"] == "messages.0.content.1.type"
    assert not reached.is_set()


@pytest.mark.parametrize(
    "lines",
    [
        ("x-convene-tenant: acme", "x-convene-role: admin", "x-convene-key: boss"),
        ("x-forwarded-for: 127.0.0.1", "x-forwarded-host: evil.example", "forwarded: for=::1"),
        ("x-original-url: /healthz", "x-rewrite-url: /healthz", "x-http-method-override: GET"),
        ("x-request-id: " + "a" * 5000, "traceparent: " + "b" * 5000),
    ],
    ids=["ours", "a proxy's", "another path", "long labels"],
)
async def test_no_header_makes_a_user_an_admin_or_names_the_request(here, lines):
    assert (await here.asks("GET", "/metrics", *lines)).status == 401
    heard = await here.asks("GET", "/metrics", here.use, *lines)
    assert heard.status == 403
    assert heard.headers["x-request-id"].startswith("req_")
