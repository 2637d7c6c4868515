"""The processes that engines run in: started where they belong, some kept warm in advance."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from experts.engines.client import NotStarted, RemoteEngine

logger = logging.getLogger(__name__)

CALLS = 1_000  # that an engine handles at once; more wait in line before it
CPUS = 0.5  # that Ray reserves per engine: it only places by this, it does not limit
WARM_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Berth:
    """Where a process runs: a place that Ray has reserved, and the GPUs it may use there."""

    node: str  # Ray's id of it
    devices: tuple[str, ...] = ()  # as CUDA names them; none: CPU
    gpu: str | None = None  # what kind they are, where Ray knows
    memory: int = 0  # bytes of each of them
    here: bool = False  # on the machine of whoever asks
    group: Any = field(default=None, compare=False, repr=False)  # Ray's placement group

    @property
    def host(self) -> str:
        """The node's memory, as a budget is named."""
        return f"memory of {self.node[:8]}"

    @property
    def names(self) -> tuple[str, ...]:
        """What its engines take memory of, as budgets are named."""
        gpus = tuple(f"GPU {device} of {self.node[:8]}" for device in self.devices)
        return gpus or (f"CPU of {self.node[:8]}",)


Spawn = Callable[[Berth], RemoteEngine]


class Processes:
    """Hands out processes, and keeps one warm at each berth whose engines take turns, so that the
    next does not wait for vLLM to be imported."""

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._spares: dict[Berth, RemoteEngine] = {}
        self._warming: set[asyncio.Task[None]] = set()

    async def take(self, berth: Berth) -> RemoteEngine:
        """A process at the berth: the spare one, once it is warm, or a new one, in which an engine
        just starts later."""
        spare = self._spares.pop(berth, None)
        if spare is None:
            return self._spawn(berth)
        try:
            await spare.warm(WARM_SECONDS)  # also tells whether it lives
        except NotStarted as error:
            logger.warning("%s", error, extra={"action": "not_warm"})
            spare.kill()
            return self._spawn(berth)
        except BaseException:
            spare.kill()
            raise
        return spare

    def keep(self, berth: Berth) -> None:
        """Sees to it that a process at the berth is warm, or becomes so."""
        if berth not in self._spares:
            self._spares[berth] = spare = self._spawn(berth)
            task = asyncio.create_task(self._warmed(berth, spare), name="warm up a process")
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    async def aclose(self) -> None:
        warming = list(self._warming)
        for task in warming:
            task.cancel()
        await asyncio.gather(*warming, return_exceptions=True)
        for spare in self._spares.values():
            spare.kill()

    async def _warmed(self, berth: Berth, spare: RemoteEngine) -> None:
        try:
            await spare.warm(WARM_SECONDS)
        except NotStarted as error:
            if self._spares.get(berth) is spare:  # who has taken it meanwhile is told the same
                logger.warning("%s", error, extra={"action": "not_warm"})
                del self._spares[berth]
                spare.kill()


def spawner(threads: int, *, offline: bool) -> Spawn:
    """Starts actors that have no engine yet, each with so many CPU threads."""

    def spawn(berth: Berth) -> RemoteEngine:
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        from experts.engines.actor import EngineActor

        where = PlacementGroupSchedulingStrategy(
            placement_group=berth.group, placement_group_bundle_index=0
        )
        options: dict[str, Any] = {
            "num_cpus": 0,  # the placement group has some
            "num_gpus": 0,  # nor are these asked for here: the berth says which they are
            "max_restarts": 0,  # what takes a dead engine's place is decided, see `fleet`
            "max_concurrency": CALLS,
            "max_pending_calls": 10 * CALLS,
            "scheduling_strategy": where,
            "runtime_env": {"env_vars": environment(berth, threads, offline=offline)},
        }
        return RemoteEngine(ray.remote(**options)(EngineActor).remote(berth.devices))

    return spawn


def environment(berth: Berth, threads: int, *, offline: bool) -> dict[str, str]:
    """What vLLM reads from the environment of its process."""
    variables = {
        # The engine's core runs in the actor's own process: one process per engine to watch.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": os.environ.get("VLLM_LOGGING_LEVEL", "ERROR"),
        "TOKENIZERS_PARALLELISM": "false",
        # The GPUs of a berth are named by itself: Ray must not hide them again.
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "CUDA_VISIBLE_DEVICES": ",".join(berth.devices),
    }
    if not berth.devices:
        variables |= {
            "OMP_NUM_THREADS": str(threads),
            # Bound by themselves, all engines of a machine would choose the same cores.
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }
    if offline:
        variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return variables
