"""What people ask, what experts say and what keys are used is in no log, metric, trace or error."""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO

import httpx
import pytest
from aiohttp import web
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.logs import OURS, InRequest, Json, Text
from api.telemetry.metrics import Metrics
from api.telemetry.observers import Observers
from api.telemetry.spans import Spans
from experts.cards import Cluster, HostedCard
from experts.hosted.expert import opened
from experts.scripted import ScriptedExpert
from experts.types import Prompt
from orchestrator.types import Request
from tests.acceptance import commands
from tests.acceptance.served import served, service_of
from tests.openai_server import event, refuses, says, serving, streams

ASKED, SAID = "canary-question-4f1c", "canary-reply-9b7e"
OUR_KEY, THEIR_KEY = "sk-canary-ours-71d0", "sk-canary-theirs-c25a"
CANARIES = (ASKED, SAID, OUR_KEY, THEIR_KEY)


class Buggy(ScriptedExpert):
    """Breaks with what it was asked in its mouth, as careless code does."""

    async def ask(self, prompts: Sequence[Prompt]):
        raise ValueError(f"cannot parse {prompts[0].text!r}")

    async def stream(self, prompt: Prompt):
        raise ValueError(f"cannot parse {prompt.text!r}")
        yield


@dataclass
class Sinks:
    """All that can be read from outside of the service."""

    text: StringIO = field(default_factory=StringIO)
    json: StringIO = field(default_factory=StringIO)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    metrics: str = ""
    errors: list[str] = field(default_factory=list)

    def everything(self) -> dict[str, str]:
        spans = [span.to_json() for span in self.spans.get_finished_spans()]
        return {
            "text log": self.text.getvalue(),
            "json log": self.json.getvalue(),
            "metrics": self.metrics,
            "spans": "\n".join(spans),
            "errors": "\n".join(self.errors),
        }


@pytest.fixture
def sinks():
    kept = Sinks()
    root = logging.getLogger()
    handlers = []
    for stream, formatter in ((kept.text, Text()), (kept.json, Json())):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        handler.addFilter(InRequest())
        handlers.append(handler)
        root.addHandler(handler)
    before = {name: logging.getLogger(name).level for name in OURS}
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield kept
    for handler in handlers:
        root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@asynccontextmanager
async def service_into(sinks, base_url):
    """A service of a hosted and a buggy expert, and a client that has a key of its own."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(sinks.spans))
    observers = Observers(Metrics(["vote", "remote"]), [Spans(provider.get_tracer("test"))])
    card = HostedCard(kind="hosted", model="m", base_url=base_url, api_key=OUR_KEY)
    async with opened({"remote": card}, Cluster()) as experts:
        service = service_of(*experts.values(), Buggy("buggy"), observer=observers)
        async with (
            served(service, observers=observers) as here,
            httpx.AsyncClient(
                base_url=here.url, headers={"authorization": f"Bearer {THEIR_KEY}"}
            ) as client,
        ):
            yield service, client


def asking(model="remote", **more):
    return {"model": model, "messages": [{"role": "user", "content": f"{ASKED}?"}], **more}


async def provoke(client, backend) -> list[str]:
    """Has everything happen that can happen to a request; the bodies of its errors."""
    errors = []

    async def ask(status, **body):
        response = await client.post("/v1/chat/completions", json=asking(**body))
        assert response.status_code == status
        if status != 200:
            errors.append(response.text)
        return response.text

    assert SAID in await ask(200)
    assert SAID in await ask(200, stream=True)
    backend.next.append(streams(event(delta={"content": f"{SAID} "}), then="cut"))
    assert "event: error" in await ask(200, stream=True)
    for stream in (False, True):
        backend.next.append(refuses(401, f"no such key: {OUR_KEY}"))
        await ask(502, stream=stream)
        await ask(500, model="buggy", stream=stream)
        await ask(400, stream=stream, tools=[{"name": ASKED}])
        await ask(400, stream=stream, temperature=ASKED)
    await ask(404, model="gpt-9")
    return errors


async def test_no_sink_holds_a_prompt_a_reply_or_a_key(sinks):
    async with serving() as backend, service_into(sinks, backend.url) as (service, client):
        backend.default = says(f"{SAID} is it")
        sinks.errors = await provoke(client, backend)
        backend.next.append(refuses(400, f"no such key: {OUR_KEY}"))
        requests = [Request(Prompt.of(f"{ASKED} {i}"), "remote") for i in range(3)]
        batch = [result async for _, result in service.answer_all(requests)]
        assert sum(isinstance(result, Exception) for result in batch) == 1
        sinks.metrics = (await client.get("/metrics")).text

    everything = sinks.everything()
    found = {(sink, c) for sink, text in everything.items() for c in CANARIES if c in text}
    assert found == set()
    # and each sink was told of it all
    assert "ValueError (what it says is left out" in everything["text log"]
    lines = [json.loads(line) for line in everything["json log"].splitlines()]
    assert {"deliberation_finished", "request_failed"} <= {line.get("action") for line in lines}
    assert 'convene_calls_total{expert="remote",outcome="rejected"' in everything["metrics"]
    assert everything["spans"].count('"invoke_workflow pinned"') == 10
    assert everything["errors"].count("internal_error") == 2


@asynccontextmanager
async def collector():
    """An OTLP endpoint, and the bodies it was sent."""
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", bodies
    finally:
        await runner.cleanup()


async def test_a_server_tells_what_it_does_and_not_what_it_is_told(tmp_path):
    config = tmp_path / "convene.yaml"
    config.write_text(
        f"experts:\n  ada: {{kind: scripted, default: {SAID}}}\n"
        f"service: {{data: {tmp_path / 'data'}}}\n"
    )
    logged = bytearray()
    options = ("--config", config, "--log-format", "json", "--log-level", "debug")
    async with collector() as (endpoint, bodies):
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_COMPRESSION": ""}
        async with (
            commands.process(*options, environ=environ, logged=logged) as (running, address),
            httpx.AsyncClient(
                base_url=address, headers={"authorization": f"Bearer {THEIR_KEY}"}
            ) as client,
        ):
            async with asyncio.timeout(60):
                while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            answered = await client.post("/v1/chat/completions", json=asking("ada"))
            assert SAID in answered.text
            kept = await client.post("/v1/responses", json={"model": "ada", "input": ASKED})
            assert SAID in (await client.get(f"/v1/responses/{kept.json()['id']}")).text
            metrics = (await client.get("/metrics")).text
            running.terminate()
    lines = [json.loads(line) for line in logged.decode().splitlines()]
    request = answered.headers["x-request-id"]
    told = {line["action"]: line for line in lines if line["request"] == request}
    assert told["deliberation_finished"]["experts"] == "ada"
    assert told["request_finished"]["status"] == 200
    assert 'convene_calls_total{expert="ada",outcome="answered",role="panel"} 2.0' in metrics
    traces = b"".join(bodies)
    assert b"invoke_workflow pinned" in traces
    assert request.encode() in traces
    everything = logged.decode() + metrics + traces.decode("latin-1")
    assert [canary for canary in CANARIES if canary in everything] == []
