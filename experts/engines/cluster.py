"""Ray, started or joined once, until the context ends."""

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from experts.cards import Cluster

NAMESPACE = "convene"
OBJECT_STORE = 100 * 2**20  # bytes; prompts and replies are small and travel in the messages
STOP_SECONDS = 60.0


@asynccontextmanager
async def joined(cluster: Cluster) -> AsyncIterator[None]:
    """A Ray cluster to run in. One that was running before is left running."""
    # In a thread because it takes seconds, and because Ray replaces the SIGTERM handler of the
    # main thread, which belongs to whoever serves.
    stop = await asyncio.to_thread(_start, cluster.address)
    try:
        yield
    finally:
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.to_thread(stop)


def prepare(*, own: bool) -> None:
    """The switches that Ray reads from the environment, some of them when it is imported.

    Whoever reaches Ray's ports can run code here, so a cluster of our own listens on the loopback
    address only (on Linux that takes the switch made for other systems; an address is not enough)
    and asks for a token, which other users of this machine do not have.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Being told to stop is no failure: without this, SIGTERM prints the stack of every thread.
    os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Nobody reads Ray's own metrics here, and the thread that sends them outlives `ray.shutdown`:
    # it can abort a process that is exiting (std::bad_alloc, from logging that it cannot send).
    os.environ.setdefault("RAY_enable_open_telemetry", "0")
    os.environ.setdefault("RAY_enable_metrics_collection", "0")
    if own:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _start(address: str | None) -> Callable[[], None]:
    """Starts or joins Ray unless this process has done so; what is returned undoes just that."""
    prepare(own=address is None)
    import ray

    if ray.is_initialized():
        return lambda: None
    own: dict[str, Any] = {
        "num_cpus": max(os.cpu_count() or 1, 64),  # any number of engines may share the cores
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE,
        "_node_ip_address": "127.0.0.1",
    }
    ray.init(
        address=address or "local",
        namespace=NAMESPACE,
        log_to_driver=False,
        configure_logging=True,
        logging_level=logging.ERROR,
        **(own if address is None else {}),
    )
    shutdown: Callable[[], None] = ray.shutdown
    return shutdown
