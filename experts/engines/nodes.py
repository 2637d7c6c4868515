"""A cluster's machines, what families of engines want of them, and where that may be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster."""

    id: str
    address: str
    cpus: float
    gpus: int
    gpu_memory_bytes: int | None = None  # of each; None: unknown
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.id} ({self.address})"

    def named(self, name: str) -> bool:
        """Whether that is its id, its address, or one of its labels as key=value."""
        key, _, value = name.partition("=")
        return name in (self.id, self.address) or (bool(value) and self.labels.get(key) == value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A family's engines. No two of them share a GPU; a node's processors they may share."""

    family: str
    replicas: int = 1
    gpus: float = 0.0  # share of each of its devices, at most 1; 0: it runs on CPU
    tensor_parallel: int = 1  # devices of one replica, all on one node
    node: str | None = None  # only where `Node.named` says so; None: anywhere
    bytes: int = 0  # on each of its devices, awake


def load_on(one: Wanted, node: Node) -> Fraction:
    """What one replica takes of each of its devices there: the share of its memory, where that
    is known; on CPU, where engines share the cores, one core's worth."""
    if not one.gpus:
        return 1 / Fraction(max(node.cpus, 1e-3)).limit_denominator(1000)
    if one.bytes and node.gpu_memory_bytes:
        return Fraction(one.bytes, node.gpu_memory_bytes)
    return Fraction(one.gpus).limit_denominator(1000)


def may_sit(one: Wanted, node: Node) -> bool:
    """Whether one replica could be there at all."""
    if one.node is not None and not node.named(one.node):
        return False
    if not one.gpus:
        return node.cpus > 0
    memory = node.gpu_memory_bytes
    return node.gpus >= one.tensor_parallel and (memory is None or one.bytes <= memory)
