"""Ray, started or joined once, and the actors that run in it until the context ends."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from experts.cards import Cluster
from experts.errors import BackendUnavailable
from experts.families import Family
from experts.generation import EngineStatus

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
    import ray

    if ray.is_initialized():
        yield
        return
    # In a thread because it takes seconds, and because Ray replaces the SIGTERM handler of the
    # main thread, which belongs to whoever serves.
    await asyncio.to_thread(_start, cluster.address)
    try:
        yield
    finally:
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.to_thread(ray.shutdown)


def _start(address: str | None) -> None:
    # Read by Ray's own processes as they start; what an operator has set stays.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # nobody but us: bound to 127.0.0.1
    import ray

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


@asynccontextmanager
async def engines(families: Sequence[Family], cluster: Cluster) -> AsyncIterator[list[list[Any]]]:
    """`cluster.engines` ready actors per family, in the families' order; all start at once."""
    import ray

    started = time.perf_counter()
    threads = _threads(len(families) * cluster.engines)
    actors = [
        [_actor(family, cluster, threads) for _ in range(cluster.engines)] for family in families
    ]
    try:
        everyone = [actor for group in actors for actor in group]
        statuses = await _ready(everyone)
        logger.info(
            "%d engines ready",
            len(statuses),
            extra={"action": "engines_ready", "seconds": time.perf_counter() - started},
        )
        yield actors
    finally:
        for group in actors:
            for actor in group:
                ray.kill(actor)


async def _ready(actors: Sequence[Any]) -> list[EngineStatus]:
    from ray.exceptions import RayError

    try:
        async with asyncio.timeout(START_SECONDS), asyncio.TaskGroup() as group:
            tasks = [group.create_task(_status(actor), name="start engine") for actor in actors]
    except* RayError as errors:
        raise BackendUnavailable(f"an engine did not start: {errors.exceptions[0]}") from errors
    except* TimeoutError as errors:
        raise BackendUnavailable(
            f"an engine did not start within {START_SECONDS:g} s; are there enough free GPUs?"
        ) from errors
    return [task.result() for task in tasks]


async def _status(actor: Any) -> EngineStatus:
    status: EngineStatus = await actor.status.remote()
    return status


def _actor(family: Family, cluster: Cluster, threads: int) -> Any:
    import ray

    from experts.engine_actor import EngineActor

    options: dict[str, Any] = {
        "num_cpus": CPUS,
        "num_gpus": family.gpus * family.tensor_parallel,
        "max_restarts": -1,
        "max_task_retries": 0,  # the caller asks again: only it knows what was streamed already
        "max_concurrency": CALLS,
        "runtime_env": {"env_vars": environment(family, threads)},
    }
    return ray.remote(**options)(EngineActor).remote(family, cluster.max_wait)


def _threads(engines: int) -> int:
    """CPU threads per engine: all cores but one, shared out."""
    return max(1, ((os.cpu_count() or 1) - 1) // max(1, engines))


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
            "OMP_NUM_THREADS": str(threads),
            # Bound by themselves, all engines of a machine would choose the same cores.
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }
    if family.offline:
        variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return variables
