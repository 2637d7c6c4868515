"""A private Redis server in a folder, for whoever has no Redis: append-only, no TCP port.

Processes that use one folder share one server. Two lock files keep that simple, because the
kernel lets go of a lock whatever way its holder dies: `redis.turn` is held while someone joins
or leaves, and `redis.running` is inherited, locked, by the server itself.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from routing.redis_program import TAIL, RedisServerError, command, story
from routing.stopping import stop

MEMBER = "convene-member"  # name of the connection each process is counted by
LONGEST_SOCKET = 103  # bytes of path; Linux takes 107, macOS 103
PAUSE = 0.01  # seconds between looks
LOOK = 1.0  # seconds until a server that died is missed
logger = logging.getLogger(__name__)


@asynccontextmanager
async def private_redis(folder: Path, seconds: float = 60.0) -> AsyncIterator[str]:
    """The URL of the folder's server, started if none runs, and again if it dies while somebody is
    here; the last one to leave stops it.

    `seconds` is how long starting or stopping may take, reading the data back included.
    """
    folder = await asyncio.to_thread(_prepared, folder)
    async with _turn(folder, seconds):
        socket = await asyncio.to_thread(_socket, folder)
        seat = _Seat(folder, socket, seconds, await _joined(folder, socket, seconds))
    watching = asyncio.create_task(seat.watch(), name="watch over Redis")
    try:
        yield f"unix://{quote(str(socket))}"
    finally:
        await stop(watching)
        async with _turn(folder, seconds):
            await _leave(seat.member, folder, seconds)


@dataclass(slots=True)
class _Seat:
    """A process that uses a folder's server, and by whose connection it is counted."""

    folder: Path
    socket: Path
    seconds: float
    member: Redis

    async def watch(self) -> None:
        """Starts the server again whenever it has died. One that hangs is left alone: nobody knows
        what it is about to write."""
        while True:
            await asyncio.sleep(LOOK)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    if await _answers(self.member):
                        continue
                await self._rejoin()

    async def _rejoin(self) -> None:
        try:
            async with _turn(self.folder, self.seconds):
                member = await _joined(self.folder, self.socket, self.seconds)
        except (RedisServerError, OSError) as error:
            logger.error("%s", error, extra={"action": "redis_away"})
            return
        logger.warning("the private Redis server had died", extra={"action": "redis_back"})
        old, self.member = self.member, member
        await old.aclose()


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
                        raise RedisServerError(story("stopped while starting", log, old))
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            words = story(f"gave no answer for {seconds:g} s", log, old)
            raise RedisServerError(words) from error
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
    called = command(folder, socket)
    with _opened_lock(folder, "redis.running") as running:
        _locked(running)
        started = subprocess.run(
            called,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(running,),
            check=False,
        )
    if started.returncode:
        words = started.stdout.decode(errors="replace").strip()[-TAIL:]
        raise RedisServerError(f"{called[0]} did not start in {folder}: {words}")


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
