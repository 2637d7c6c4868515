"""Runs `convene`, and other commands, as a user does: in processes of their own."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ENTRY = "import sys; from api.cli import main; sys.argv[0] = 'convene'; main()"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a finished command left."""

    code: int
    out: str
    err: str


async def convene(
    *arguments: str | Path, seconds: float = 120, environ: dict[str, str] | None = None
) -> Ran:
    """Run the command to its end. Raises `TimeoutError` after `seconds`."""
    return await _ended(await _started(arguments, environ or {}), seconds)


async def module(
    *arguments: str | Path,
    seconds: float = 120,
    environ: dict[str, str] | None = None,
    folder: Path = ROOT,
) -> Ran:
    """Run `python -m` to its end, in a folder. Raises `TimeoutError` after `seconds`."""
    return await _ended(await _python(("-m", *arguments), environ or {}, folder), seconds)


async def _ended(process: asyncio.subprocess.Process, seconds: float) -> Ran:
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ran(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def process(
    *arguments: str | Path,
    environ: dict[str, str] | None = None,
    logged: bytearray | None = None,
    entry: str = ENTRY,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`convene serve` on a free port and its address, once it listens. Whoever enters stops it.
    All that it logged is in `logged` afterwards."""
    running = await _started(("serve", "--port", "0", *arguments), environ or {}, entry)
    try:
        assert running.stderr is not None
        async with asyncio.timeout(60):
            log = b""
            while not (found := re.search(rb"listening on (http://[^\s\"]+)", log)):
                log += await running.stderr.readline()
                assert not running.stderr.at_eof(), log.decode()
        reading = asyncio.create_task(running.stderr.read(), name="read what it logs")
        yield running, found[1].decode()
        async with asyncio.timeout(60):
            await running.wait()
            log += await reading
        if logged is not None:
            logged += log
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


@asynccontextmanager
async def serving(*arguments: str | Path) -> AsyncIterator[str]:
    """The address of a `convene serve` that is stopped when the context ends."""
    async with process(*arguments) as (running, address):
        yield address
        running.terminate()


async def _started(
    arguments: tuple[str | Path, ...], environ: dict[str, str], entry: str = ENTRY
) -> asyncio.subprocess.Process:
    return await _python(("-c", entry, *arguments), environ, ROOT / "examples")


async def _python(
    arguments: tuple[str | Path, ...], environ: dict[str, str], folder: Path
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, arguments),
        cwd=folder,
        env={**os.environ, "CONVENE_CONFIG": "", "COLUMNS": "120", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
