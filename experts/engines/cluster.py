"""Ray, started or joined once, and the actors that run in it until the context ends."""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

from experts.cards import Cluster
from experts.engines.client import RemoteEngine
from experts.engines.families import Family
from experts.errors import RegistryError

logger = logging.getLogger(__name__)

NAMESPACE = "convene"
OBJECT_STORE = 100 * 2**20  # bytes; prompts and replies are small and travel in the messages
START_SECONDS = 900.0  # an engine may have to download its model
STOP_SECONDS = 60.0
CPUS = 0.5  # that Ray reserves per engine: it only places by this, it does not limit
CALLS = 1_000  # that an engine handles at once; more wait in line before it


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


def _prepare(*, own: bool) -> None:
    """The switches that Ray reads from the environment, some of them when it is imported.

    Whoever reaches Ray's ports can run code here, so a cluster of our own listens on the loopback
    address only (on Linux that takes the switch made for other systems; an address is not enough)
    and asks for a token, which other users of this machine do not have.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Being told to stop is no failure: without this, SIGTERM prints the stack of every thread.
    os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if own:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _start(address: str | None) -> Callable[[], None]:
    """Starts or joins Ray unless this process has done so; what is returned undoes just that."""
    _prepare(own=address is None)
    import ray

    if ray.is_initialized():
        return lambda: None
    own: dict[str, Any] = {
        "num_cpus": max(os.cpu_count() or 1, 16),  # any number of engines may share the cores
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


@asynccontextmanager
async def engines(
    families: Sequence[Family], cluster: Cluster
) -> AsyncIterator[list[list[RemoteEngine]]]:
    """`cluster.engines` ready engines per family, in the families' order; all start at once."""
    import ray

    if cluster.address is None and find_spec("vllm") is None:
        raise RegistryError(
            f"experts.{families[0].experts[0]}: vLLM is not installed here; "
            "pip install 'convene[cpu]' or, where there are GPUs, 'convene[gpu]'"
        )
    started = time.perf_counter()
    threads = threads_each(len(families) * cluster.engines, os.cpu_count() or 1)
    groups = [
        [
            RemoteEngine(f"experts.{family.experts[0]}", _actor(family, cluster, threads))
            for _ in range(cluster.engines)
        ]
        for family in families
    ]
    everyone = [engine for group in groups for engine in group]
    try:
        for engine in everyone:  # they start at once, whatever the order they are waited for
            await engine.started(START_SECONDS)
        seconds = time.perf_counter() - started
        logger.info("engines ready", extra={"action": "engines_ready", "seconds": seconds})
        yield groups
    finally:
        for engine in everyone:
            await engine.aclose()
            ray.kill(engine.actor)


def _actor(family: Family, cluster: Cluster, threads: int) -> Any:
    import ray

    from experts.engines.actor import EngineActor

    options: dict[str, Any] = {
        "num_cpus": CPUS,
        "num_gpus": family.gpus * family.tensor_parallel,
        "max_restarts": -1,
        "max_task_retries": 0,  # the caller asks again: only it knows what was streamed already
        "max_concurrency": CALLS,
        "max_pending_calls": 10 * CALLS,
        "runtime_env": {"env_vars": environment(family, threads)},
    }
    return ray.remote(**options)(EngineActor).remote(family, cluster.max_wait)


def threads_each(engines: int, cores: int) -> int:
    """CPU threads per engine: all cores but one, which is for everybody else."""
    return max(1, (cores - 1) // max(1, engines))


def environment(family: Family, threads: int) -> dict[str, str]:
    """What vLLM reads from the environment of its process."""
    variables = {
        # The engine's core runs in the actor's own process: one process per engine to watch.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": os.environ.get("VLLM_LOGGING_LEVEL", "ERROR"),
        "TOKENIZERS_PARALLELISM": "false",
    }
    if not family.gpus:
        variables |= {
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_NUM_THREADS": str(threads),
            # Bound by themselves, all engines of a machine would choose the same cores.
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }
    if family.offline:
        variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return variables
