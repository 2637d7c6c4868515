"""What `convene serve` loads and takes where every expert is hosted."""

import asyncio
import json
import re
import signal
from pathlib import Path

import httpx

from benchmarks.gateway.upstream import TEXT, Upstream
from tests.acceptance import commands

HEAVY = ("torch", "vllm", "ray", "litellm", "transformers", "sklearn", "scipy", "onnxruntime")
TELLING = (
    "import atexit, json, sys; "
    "atexit.register(lambda: print(json.dumps(sorted(sys.modules)))); "
    "from api.cli import main; sys.argv[0] = 'convene'; main()"
)
MOST_MB = 150


def resident(pid):
    """The most that a process had in memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000


async def test_a_service_of_hosted_experts_loads_no_local_models_libraries_and_stays_small(
    tmp_path,
):
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = tmp_path / "convene.yaml"
    config.write_text(
        "experts:\n  ada: {kind: hosted, model: ada, api_key: none, "
        f'base_url: "http://127.0.0.1:{port}/0/0/v1"}}\nservice: {{data: {tmp_path / "data"}}}\n'
    )
    async with (
        server,
        commands.process("--config", config, entry=TELLING) as (running, address),
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        body = {"model": "ada", "messages": [{"role": "user", "content": "6 x 7?"}]}
        for stream in (False, True):
            response = await client.post("/v1/chat/completions", json={**body, "stream": stream})
            assert TEXT.split()[0] in response.text
        peak = resident(running.pid)
        running.send_signal(signal.SIGTERM)
        loaded = json.loads(await running.stdout.read())
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)
    assert peak < MOST_MB
