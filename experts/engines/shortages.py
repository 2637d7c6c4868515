"""What a cluster lacks for a family's engines, in words. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from experts.engines.nodes import Node, Wanted

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Shortage:
    """Replicas without a seat, and what they lack."""

    family: str
    replicas: int
    why: str

    def __str__(self) -> str:
        return f"{self.family}: {self.why}"


def lack(one: Wanted, nodes: Sequence[Node]) -> str:
    """Why these nodes do not do, in words."""
    there = [node for node in nodes if one.node is None or node.named(one.node)]
    where = "the cluster" if one.node is None else f"node {one.node}"
    if not there:
        listed = ", ".join(map(str, nodes)) or "none"
        return f"no node is {one.node}; nodes are {listed}" if one.node else "there are no nodes"
    if not one.gpus:
        return f"it runs on CPU and {where} has none for it"
    memories = [node.gpu_memory_bytes for node in there if node.gpus and node.gpu_memory_bytes]
    known = len(memories) == sum(node.gpus > 0 for node in there)
    if known and one.bytes > max(memories, default=one.bytes):
        return (
            f"it needs {one.bytes / GIB:.1f} GiB on a GPU, and the largest of {where} has "
            f"{max(memories) / GIB:.1f} GiB; raise its tensor_parallel, or choose a smaller model"
        )
    each, total = one.tensor_parallel, one.replicas * one.tensor_parallel
    together = " on one node" if each > 1 else ""
    need = f"{_count(one.replicas, 'replica')} x {_count(each, 'GPU')}{together}"
    verb = "needs" if one.replicas == 1 else "need"
    return f"{need} {verb} {_count(total, 'GPU')}; {where} has {_sizes(one, there)}"


def _sizes(one: Wanted, nodes: Sequence[Node]) -> str:
    """How many nodes have how many GPUs that are large enough."""
    fit = [0 if (n.gpu_memory_bytes or one.bytes) < one.bytes else n.gpus for n in nodes]
    sizes = Counter(fit)
    large = " large enough" if fit != [node.gpus for node in nodes] else ""
    return " and ".join(
        f"{_count(many, 'node')} with {_count(gpus, 'GPU')}{large}{' each' if many > 1 else ''}"
        for gpus, many in sorted(sizes.items(), reverse=True)
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
