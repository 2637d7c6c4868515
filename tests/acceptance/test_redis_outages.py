"""A real Redis that hangs, dies and comes back under a real service: everybody is answered."""

import asyncio
import signal
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from routing.redis_program import executable
from tests.acceptance import commands
from tests.acceptance.commands import convene


class Server:
    """A Redis server that can be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = None
        self.url = f"unix://{folder / 'redis.sock'}"

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(
            executable(self._folder),
            *("--port", "0", "--unixsocket", str(self._folder / "redis.sock")),
            *("--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "always"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(30):
            while not await self._answers():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.01)

    async def _answers(self):
        async with Redis.from_url(self.url) as redis:
            try:
                return await redis.ping()
            except RedisError:
                return False

    def hang(self):
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    async def kill(self):
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@pytest.fixture
async def server(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    server = Server(folder)
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
def config(tmp_path, server):
    file = tmp_path / "convene.yaml"
    price = "price: {input: 1, output: 1}"
    file.write_text(
        f"experts:\n  ada: {{kind: scripted, default: 'It is 42.', {price}}}\n"
        f"service: {{data: {tmp_path / 'data'}, redis: '{server.url}'}}\n"
    )
    return file


async def key(config, name, *limits):
    made = await convene("keys", "create", name, *limits, "--config", config)
    return made.out.strip()


def asking(token):
    body = {"model": "ada", "messages": [{"role": "user", "content": "6 x 7?"}]}
    return {
        "url": "/v1/chat/completions",
        "json": body,
        "headers": {"authorization": f"Bearer {token}"},
    }


@asynccontextmanager
async def load(client, token, clients=4):
    """Clients that ask one question after another; how their requests ended, and the slowest."""
    ended, stop = Counter(), asyncio.Event()

    async def one():
        while not stop.is_set():
            response = await client.post(**asking(token))
            ended[response.status_code] += 1

    tasks = [asyncio.create_task(one()) for _ in range(clients)]
    try:
        yield ended
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def eventually(client, token, status):
    async with asyncio.timeout(30):
        while (response := await client.post(**asking(token))).status_code != status:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return response


async def answered(ended, more=20):
    """Waits until as many more requests have been answered."""
    goal = ended.total() + more
    async with asyncio.timeout(30):
        while ended.total() < goal:  # noqa: ASYNC110 - counted elsewhere
            await asyncio.sleep(0.01)


async def test_redis_hangs_dies_and_comes_back_and_everybody_is_answered(config, server):
    counted = await key(config, "app", "--requests", "1000000/day")
    paying = await key(config, "payer", "--dollars", "5/day")
    stranger = await key(config, "stranger")
    async with (
        commands.serving("--config", config) as address,
        httpx.AsyncClient(base_url=address, timeout=10) as client,
    ):
        await eventually(client, counted, 200)
        await eventually(client, paying, 200)
        async with load(client, counted) as ended:
            await answered(ended)
            for outage in ("hangs", "dies"):
                if outage == "hangs":
                    server.hang()
                else:
                    await server.kill()
                await answered(ended, 200)
                refused = await eventually(client, paying, 503)
                assert refused.json()["error"]["code"] == "keys_away"
                assert refused.headers["retry-after"]
                if outage == "hangs":
                    assert (await client.post(**asking(stranger))).status_code == 503
                ready = await client.get("/readyz")
                assert (ready.status_code, len(ready.json()["degraded"])) == (200, 1)
                if outage == "hangs":
                    server.go_on()
                else:
                    await server.start()
                await eventually(client, paying, 200)
                await answered(ended)
        assert set(ended) == {200}
        assert (await client.get("/readyz")).json()["degraded"] == []
        left = (await client.post(**asking(counted))).headers["x-ratelimit-remaining-requests"]
    # What was asked while Redis was away was counted by the worker alone, and is not in Redis.
    assert 1_000_000 - ended.total() - 2 <= int(left) < 1_000_000 - 60
