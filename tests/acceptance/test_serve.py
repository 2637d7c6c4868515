import asyncio
import json
import signal
import socket
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.acceptance import commands
from tests.acceptance.commands import convene

SCRIPTED = """
experts:
  ada: {kind: scripted, default: "It is 42."}
  slow: {kind: scripted, default: "It is 42 at last.", delay: 1.5}
"""


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(f"{SCRIPTED}\nservice: {{data: {tmp_path / 'data'}}}\n")
    return file


@asynccontextmanager
async def process(config, *options):
    """A `convene serve` that is ready, and a client to it; the test stops it."""
    async with (
        commands.process("--config", config, *options) as (running, address),
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield running, client


def asking(**more):
    return {"model": "slow", "messages": [{"role": "user", "content": "6 x 7?"}], **more}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_stop_lets_what_is_in_flight_finish_and_is_no_failure(config, stream):
    async with process(config) as (running, client):
        waiting = asyncio.create_task(
            client.post("/v1/chat/completions", json=asking(stream=stream))
        )
        await asyncio.sleep(0.5)  # nothing tells from outside that it is being asked
        running.send_signal(signal.SIGTERM)
        response = await waiting
        assert response.status_code == 200
        assert response.text.endswith("data: [DONE]\n\n") if stream else "at last" in response.text
    assert running.returncode == 0


async def test_a_stop_does_not_wait_longer_than_it_may(config):
    async with process(config, "--drain-seconds", "0") as (running, client):
        waiting = asyncio.create_task(client.post("/v1/chat/completions", json=asking()))
        await asyncio.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.HTTPError):
            (await waiting).raise_for_status()
    assert running.returncode == 0


async def test_ctrl_c_exits_as_shells_expect(config):
    async with process(config) as (running, _client):
        running.send_signal(signal.SIGINT)
    assert running.returncode == 130


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("evil.example", 421), ("127.0.0.1:1@evil.example", 421)],
)
async def test_a_page_elsewhere_that_points_its_name_here_is_refused(config, host, status):
    async with process(config) as (running, client):
        response = await client.get("/v1/models", headers={"host": host})
        running.terminate()
    assert response.status_code == status


async def test_a_taken_port_and_an_open_host_are_refused_before_anything_starts(config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = await convene("serve", "--config", config, "--port", str(port))
    anyone = await convene("serve", "--config", config, "--host", "0.0.0.0")
    assert (busy.code, anyone.code) == (2, 2)
    assert "choose another --port" in busy.err
    assert "--insecure" in anyone.err
    assert "Traceback" not in busy.err + anyone.err


async def test_a_service_that_cannot_open_says_why_and_fails(config):
    config.write_text(SCRIPTED + "service: {redis: 'redis://127.0.0.1:1'}\n")
    ended = await convene("serve", "--config", config, "--port", "0")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("convene: the service cannot run: ")


async def test_one_question_is_answered_on_stdout_and_its_story_on_stderr(config):
    ended = await convene("ask", "6 x 7?", "--model", "ada", "--config", config)
    assert (ended.code, ended.out) == (0, "It is 42.\n")
    assert "by ada" in ended.err


async def test_json_is_all_there_is_on_stdout(config):
    asked = await convene("ask", "6 x 7?", "--model", "ada", "--json", "--config", config)
    routed = await convene("route", "6 x 7?", "--model", "ada", "--json", "--config", config)
    assert json.loads(asked.out)["text"] == "It is 42."
    assert json.loads(routed.out)["panel"] == ["ada"]


@pytest.mark.parametrize("command", ["ask", "route"])
async def test_a_name_that_nobody_has_is_wrong_input(config, command):
    ended = await convene(command, "why?", "--model", "zed", "--config", config)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("convene: no model named 'zed'; use one of ")


async def test_a_check_knows_providers_and_their_keys_and_keeps_stdout_clean(tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(
        "experts:\n"
        "  gpt: {kind: hosted, model: voyage/voyage-3}\n"
        "  odd: {kind: hosted, model: gibberish}\n"
    )
    ended = await convene("experts", "check", "--json", "--config", file)
    unkeyed, odd = json.loads(ended.out)["experts"]
    assert ended.code == 1
    assert unkeyed["problems"] == ["VOYAGE_API_KEY is not set"]
    assert "no provider of 'gibberish'" in odd["problems"][0]
