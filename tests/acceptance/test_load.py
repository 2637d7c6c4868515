"""Many at once, and for a while: what the benchmarks measure must also be right."""

import asyncio
import json
import re

import pytest

from benchmarks.gateway.connection import Connection
from benchmarks.gateway.load import Plan
from tests.acceptance import commands
from tests.acceptance.commands import convene

STEADY = ("--minutes", "0.1", "--slices", "4", "--share", "0.2", "--rest", "0")
MANY = 1200  # connections; the service works on 1,000 requests at once


async def test_gateways_that_are_measured_answer_every_request_and_pass_streams_on_exactly(
    tmp_path,
):
    ran = await commands.module(
        "benchmarks.gateway", "--short", "--seconds", "0.5", "--out", tmp_path
    )
    assert ran.code == 0, ran
    told = json.loads((tmp_path / "gateway.json").read_text())
    for point, found in told["points"].items():
        for target, one in found.items():
            assert one["requests"] > 0, (point, target)
            assert one["errors"] == 0, (point, target)
            assert one["exact"] == one["streams"], (point, target)
    assert {"Convene", "Convene, keys", "forwarder"} <= told["gateways"].keys()


async def test_a_service_under_steady_load_makes_no_error_and_keeps_nothing(tmp_path):
    ran = await commands.module("benchmarks.soak", *STEADY, "--out", tmp_path)
    assert ran.code == 0, ran
    told = json.loads((tmp_path / "soak.json").read_text())
    assert told["requests"] > 0
    assert told["errors"] == {}


async def asked(port, request):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    connection.ask(request, lambda _, response: answer.set_result(response))
    response = await answer
    connection.transport.close()
    return response


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_of_a_thousand_at_once_each_is_answered_or_told_when_to_come_again(tmp_path, stream):
    config = tmp_path / "convene.yaml"
    config.write_text(
        'experts:\n  ada: {kind: scripted, default: "It is 42.", delay: 3}\n'
        f"service: {{data: {tmp_path / 'data'}}}\n"
    )
    limits = ("--requests", "9000/day", "--tokens", "900000000/day")
    made = await convene("keys", "create", "app", *limits, "--config", config)
    async with commands.serving("--config", config) as address, asyncio.timeout(100):
        port = int(re.search(r":(\d+)$", address)[1])
        plan = Plan(port, "ada", 1, key=made.out.strip(), stream=stream)
        while (await asked(port, plan.request)).status != 200:  # until it is open
            pass
        found = await asyncio.gather(*(asked(port, plan.request) for _ in range(MANY)))
    refused = [response for response in found if response.status != 200]
    assert len(refused) < MANY / 2
    assert {response.status for response in refused} <= {503}
    assert all(b"\r\nretry-after: " in response.head for response in refused)
    for response in found:
        if response.status == 200:
            assert b"It is" in response.body
            assert not stream or response.body.endswith(b"data: [DONE]\n\n")
