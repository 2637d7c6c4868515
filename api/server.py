"""Runs the app under uvicorn until it is told to stop."""

import gc
import logging

import uvicorn

from api.app import create_app
from api.connection import Connection
from api.listening import listening, names, url
from api.running import CannotOpen, Opened
from api.telemetry.observers import Observers

logger = logging.getLogger(__name__)


async def serve(
    opened: Opened,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    insecure: bool = False,
    drain_seconds: int = 30,
    observers: Observers | None = None,
) -> None:
    """Returns after a signal, when requests in flight are done or `drain_seconds` have passed.
    Raises `CannotListen` before anything is started, `CannotOpen` if the service does not open."""
    hosts = names(host, insecure=insecure)
    failures: list[Exception] = []

    def failed(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    config = uvicorn.Config(
        create_app(opened, failed=failed, hosts=hosts, observers=observers),
        http=Connection,
        log_config=None,
        access_log=False,  # api.access has its own
        server_header=False,
        proxy_headers=False,  # anyone could send them
        ws="none",
        timeout_graceful_shutdown=drain_seconds,
    )
    server = uvicorn.Server(config)
    # What is loaded by now stays; looking for garbage in it, and after every few requests, would
    # take a tenth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    with listening(host, port) as bound:
        logger.info("listening on %s", url(bound), extra={"action": "listening"})
        await server.serve(sockets=[bound])
    if failures:
        raise CannotOpen(f"the service cannot run: {failures[0]}") from failures[0]
