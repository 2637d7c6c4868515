"""Random requests, right and wrong ones, to every endpoint that the OpenAPI document lists: no bug,
no undocumented status, and no answer that is not as documented. `make fuzz` asks for longer."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from tests.acceptance import commands
from tests.acceptance.commands import Ran, convene

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "20")  # for each endpoint
CONFIG = Path(__file__).with_name("fuzzing.toml")
REGISTRY = """
experts:
  ada: {{kind: scripted, default: "It is 42. The answer is 42."}}
  bob: {{kind: scripted, default: "{{}}"}}
  eve: {{kind: scripted, default: "The answer is 41."}}
aggregator: ada
service: {{data: {data}}}
"""


@pytest.mark.timeout(3600)
async def test_every_endpoint_answers_and_refuses_as_documented(tmp_path):
    config = tmp_path / "convene.yaml"
    config.write_text(REGISTRY.format(data=tmp_path / "data"))
    made = await convene("keys", "create", "boss", "--role", "admin", "-c", config)
    key, log = made.out.strip(), bytearray()
    async with commands.process("--config", config, logged=log) as (running, address):
        document = tmp_path / "openapi.json"
        document.write_text(await described(address, key))
        ran = await fuzzed(document, address, key)
        running.terminate()
    assert ran.code == 0, ran.out + ran.err
    assert b" ERROR " not in log, log.decode()


async def described(address: str, key: str) -> str:
    """The service's own document, once it is open."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers) as client:
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - a prober
                await asyncio.sleep(0.05)
        return (await client.get("/openapi.json")).text


async def fuzzed(document: Path, address: str, key: str) -> Ran:
    return await commands.module(
        *("schemathesis.cli", "--config-file", CONFIG),
        *("run", document, "--url", address, "--max-examples", EXAMPLES),
        *("--seed", "1") if EXAMPLES == "20" else (),
        seconds=3600,
        environ={"CONVENE_KEY": key},
        folder=document.parent,
    )
