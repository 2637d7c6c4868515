"""The cluster's machines as Ray reports them, and the places on them that Ray reserves for us."""

import asyncio
import logging
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from experts.engines.layout import Seat
from experts.engines.nodes import Node
from experts.engines.processes import CPUS, Berth
from experts.errors import RegistryError

logger = logging.getLogger(__name__)

GRANT_SECONDS = 60.0
NODE_ID = "ray.io/node-id"  # the label that Ray gives every node
GPU_BYTES = 80 * 2**30  # of a GPU that does not say how much it has


async def nodes() -> list[Node]:
    """Every machine that is alive, with what it has in all, whoever uses it."""
    import ray

    return [node_of(told) for told in await asyncio.to_thread(ray.nodes) if told["Alive"]]


def node_of(told: Mapping[str, Any]) -> Node:
    """A machine, from what `ray.nodes` tells of it."""
    resources, labels = told["Resources"], dict(told.get("Labels") or {})
    return Node(
        id=told["NodeID"],
        address=told["NodeManagerAddress"],
        cpus=resources.get("CPU", 0.0),
        gpus=int(resources.get("GPU", 0)),
        labels=labels,
    )


class Gpu(NamedTuple):
    """A GPU as its driver tells it."""

    name: str  # as CUDA does
    kind: str | None = None
    memory: int = GPU_BYTES


class Places:
    """Placement groups, and the GPUs in them, by node and number."""

    def __init__(self) -> None:
        self._groups: list[Any] = []
        self._gpus: dict[tuple[str, int], Gpu] = {}

    async def reserve(self, seats: Sequence[Seat]) -> dict[Seat, Berth]:
        """A berth for each seat. RegistryError if Ray does not grant one: somebody else uses it."""
        berths: dict[Seat, Berth] = {}
        for node in dict.fromkeys(seat.node for seat in seats):
            berths |= await self._on(node, [seat for seat in seats if seat.node == node])
        return berths

    async def aclose(self) -> None:
        import ray
        from ray.util import remove_placement_group

        if ray.is_initialized():
            for group in self._groups:
                await asyncio.to_thread(remove_placement_group, group)

    async def _on(self, node: str, seats: Sequence[Seat]) -> dict[Seat, Berth]:
        wanted = sorted({(node, device) for seat in seats for device in seat.devices})
        new = [gpu for gpu in wanted if gpu not in self._gpus]
        group = await _granted(node, [{"CPU": CPUS * len(seats)}, *({"GPU": 1.0} for _ in new)])
        self._groups.append(group)
        self._gpus |= zip(new, await _gpus(group, len(new)), strict=True)
        here = node == _this_node()
        return {
            seat: berth_on(node, [self._gpus[node, d] for d in seat.devices], group, here=here)
            for seat in seats
        }


def berth_on(node: str, gpus: Sequence[Gpu], group: Any, *, here: bool = False) -> Berth:
    """A berth with these GPUs; without any, on the node's processors."""
    if not gpus:
        return Berth(node, here=here, group=group)
    memory = min(gpu.memory for gpu in gpus)
    return Berth(
        node, tuple(gpu.name for gpu in gpus), gpus[0].kind, memory, here=here, group=group
    )


def _this_node() -> str:
    import ray

    node: str = ray.get_runtime_context().get_node_id()
    return node


async def _granted(node: str, bundles: list[dict[str, float]]) -> Any:
    from ray.util import placement_group, remove_placement_group

    # STRICT_PACK with the node's own label: what shares a tensor stays inside one machine.
    group = placement_group(
        bundles, strategy="STRICT_PACK", bundle_label_selector=[{NODE_ID: node}] * len(bundles)
    )
    try:
        async with asyncio.timeout(GRANT_SECONDS):
            await group.ready()
    except TimeoutError as error:
        remove_placement_group(group)
        gpus = len(bundles) - 1
        raise RegistryError(
            f"Ray did not grant {bundles[0]['CPU']:g} CPUs and {gpus} GPUs of node {node[:8]} "
            f"within {GRANT_SECONDS:g} s; does another job hold them?"
        ) from error
    return group


async def _gpus(group: Any, gpus: int) -> list[Gpu]:
    """Of the group's bundles, in their order."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    if not gpus:
        return []

    asked = []
    for bundle in range(1, 1 + gpus):
        where = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)
        probe = ray.remote(num_cpus=0, num_gpus=1, scheduling_strategy=where)(_gpu)
        asked.append(probe.remote())
    async with asyncio.timeout(GRANT_SECONDS):
        return list(await asyncio.gather(*asked))


def _gpu() -> Gpu:
    """Of the task that calls this, which has one."""
    import ray

    (number,) = ray.get_gpu_ids()
    asked = [
        "nvidia-smi",
        f"--id={number}",
        "--query-gpu=memory.total,name",
        "--format=csv,noheader,nounits",
    ]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30).stdout
        memory, _, name = told.strip().partition(", ")
        return Gpu(str(number), name, int(memory) * 2**20)
    except (OSError, ValueError, subprocess.SubprocessError):
        return Gpu(str(number))
