"""`convene batch` as a user runs it: on a pipe that is still open, and stopped in the middle."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from tests.acceptance.commands import ENTRY, ROOT, convene

REGISTRY = """
experts:
  ada: {{kind: scripted, default: "It is 42."}}
  never: {{kind: scripted, default: "At last.", delay: 600, seconds: 900}}
service: {{data: {data}}}
"""


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(REGISTRY.format(data=tmp_path / "data"))
    return file


def line(question, model="ada"):
    return json.dumps({"question": question, "model": model}).encode() + b"\n"


async def written(path, lines):
    """The results, once there are so many."""
    async with asyncio.timeout(60):
        while not path.exists() or path.read_text().count("\n") < lines:  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.05)
    return [json.loads(text) for text in path.read_text().splitlines()]


@asynccontextmanager
async def batch(config, out, source="-"):
    """`convene batch` reading what the test writes to it; killed if the test does not end it."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-c", ENTRY, "batch", str(source), str(out), "--config", str(config)],
        cwd=ROOT / "examples",
        env={**os.environ, "CONVENE_CONFIG": ""},
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_results_come_while_a_pipe_is_open_and_ctrl_c_leaves_whole_lines(config, tmp_path):
    out = tmp_path / "out.jsonl"
    async with batch(config, out) as process:
        process.stdin.write(line("Why?") + line("How long?", "never") + b"Who?\n")
        assert {result["id"] for result in await written(out, 2)} == {"1", "3"}
        process.stdin.write(line("How?"))
        assert (await written(out, 3))[-1]["id"] == "4"
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
        assert process.returncode == 130, err.decode()
    assert len(await written(out, 3)) == 3


async def test_a_file_is_answered_to_its_end_and_says_how_many_failed(config, tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"".join(line(f"Is it {n}?") for n in range(1_000)) + b"{}\n")
    ran = await convene("batch", source, out, "--config", config)
    assert ran.code == 1
    assert "1000 answered, 1 failed" in ran.err
    ids = [int(json.loads(text)["id"]) for text in out.read_text().splitlines()]
    assert sorted(ids) == list(range(1, 1_002))


async def test_killed_and_run_again_it_goes_on_where_it_was(config, tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines = [line(f"Is it {n}?", "never" if n % 3 == 0 else "ada") for n in range(30)]
    source.write_bytes(b"".join(lines) + b"{}\n")
    async with batch(config, out, source) as process:
        first = await written(out, 21)
        process.kill()
        await process.communicate()
    with out.open("a") as file:
        file.write('{"id": "7", "te')  # as a kill in the middle of a write would leave it
    config.write_text(config.read_text().replace("delay: 600", "delay: 0"))
    ran = await convene("batch", source, out, "--config", config)
    assert (ran.code, "10 answered, 1 failed, 20 were there" in ran.err) == (1, True), ran.err
    results = await written(out, 31)
    assert sorted(int(result["id"]) for result in results) == list(range(1, 32))
    kept = [result for result in first if "error" not in result]
    assert results[: len(kept)] == kept
    again = await convene("batch", source, out, "--config", config)
    assert "0 answered, 1 failed, 30 were there" in again.err
