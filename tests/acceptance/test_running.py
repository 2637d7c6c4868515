"""The commands that look at a service which is running: status, bench and logs."""

import asyncio
import json
import os
import sys

import httpx
import pytest
import pytest_asyncio

from tests.acceptance import commands
from tests.acceptance.commands import ENTRY, ROOT, convene

pytestmark = pytest.mark.asyncio(loop_scope="module")
REGISTRY = """
experts:
  ada: {{kind: scripted, default: "It is 42."}}
  zed: {{kind: scripted, default: "It is 42.", delay: 30}}
service: {{data: {data}}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory):
    """Address, config, an admin's key and a user's."""
    folder = tmp_path_factory.mktemp("running")
    config = folder / "convene.yaml"
    config.write_text(REGISTRY.format(data=folder / "data"))
    admin, use = [
        (await convene("keys", "create", role, "--role", role, "-c", config)).out.strip()
        for role in ("admin", "use")
    ]
    async with commands.serving("-c", config, "--log-file") as address:
        async with httpx.AsyncClient(base_url=address) as client, asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - a prober
                await asyncio.sleep(0.05)
        yield address, config, admin, use


def reaching(address, key):
    return {"CONVENE_URL": address, "CONVENE_KEY": key}


async def test_status_tells_an_admin_everything_and_a_user_what_users_may_know(here):
    address, _, admin, use = here
    told = await convene("status", "--json", environ=reaching(address, admin))
    status = json.loads(told.out)
    assert (told.code, status["ready"], status["metrics"]) == (0, True, True)
    assert {"convene/auto", "ada"} <= {*status["models"]}
    assert status["in_flight"] == 1
    shown = await convene("status", environ=reaching(address + "/v1", use))
    assert (shown.code, "ready" in shown.out, "admins" in shown.out) == (0, True, True)


async def test_status_of_nobody_fails_and_with_no_key_is_wrong(here):
    address, *_ = here
    anyone = await convene("status", "--url", address)
    nobody = await convene("status", "--url", "http://127.0.0.1:1")
    odd = await convene("status", "--url", "nowhere")
    assert (anyone.code, nobody.code, odd.code) == (2, 1, 1)
    assert "CONVENE_KEY" in anyone.err
    assert "does not answer" in nobody.err
    assert "Traceback" not in anyone.err + nobody.err + odd.err


@pytest.mark.parametrize("how", [("-c", "4"), ("--rate", "200"), ("--stream",)], ids=" ".join)
async def test_bench_tells_percentiles_of_what_was_answered(here, how):
    address, _, _, use = here
    ran = await convene(
        *("bench", "-n", "40", "-m", "ada", "--json", *how), environ=reaching(address, use)
    )
    report = json.loads(ran.out)
    assert (ran.code, report["answered"], report["errors"]) == (0, 40, {})
    assert 0 < report["latency_seconds"]["p50"] <= report["latency_seconds"]["p99"]
    assert (report["first_text_seconds"] is None) == ("--stream" not in how)


async def test_bench_counts_what_failed(here):
    address, _, _, use = here
    ran = await convene("bench", "-n", "3", "-m", "nobody", environ=reaching(address, use))
    assert ran.code == 1
    assert "3 x 404 model_not_found" in ran.out
    late = ("bench", "-n", "2", "-m", "zed", "--timeout", "0.2", "--json")
    ran = await convene(*late, environ=reaching(address, use))
    assert sum(json.loads(ran.out)["errors"].values()) == 2


async def test_logs_follow_a_service_and_find_a_request(here):
    address, config, _, use = here
    follower = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ENTRY, "logs", "-f", "-n", "0", "--level", "info", "-c", config),
        cwd=ROOT / "examples",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    headers = {"authorization": f"Bearer {use}", "x-request-id": "mine"}
    try:
        async with httpx.AsyncClient(base_url=address, headers=headers) as client:
            async with asyncio.timeout(60):
                heard = asyncio.create_task(follower.stdout.readline(), name="hear of a request")
                while not heard.done():
                    answered = await client.get("/v1/models")
                    await asyncio.wait((heard,), timeout=0.2)
        assert b"GET '/v1/models' 200" in heard.result()
    finally:
        follower.kill()
        await follower.communicate()
    mine = await convene("logs", "--request-id", "mine", "-n", "1", "--json", "-c", config)
    assert json.loads(mine.out)["request"] == answered.headers["x-request-id"]
