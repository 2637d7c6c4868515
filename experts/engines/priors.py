"""What an engine will cost before it has run: orders of magnitude from model and device. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from experts.engines.costs import Costs, Lengths
from experts.engines.estimates import Estimate

# Of what a device's data sheet says, this much is reached: reading weights, and multiplying.
BANDWIDTH_SHARE, FLOPS_SHARE = 0.7, 0.4
DISK = 1.5e9  # bytes per second: NVMe through the page cache, safetensors
REPLY_SHARE = 0.25  # of a card's max_tokens, in a typical reply
PROMPT_TOKENS = 256.0


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device. Rates are per second, of one device."""

    kind: str  # costs are shared by devices of one kind
    bandwidth: float  # bytes, of its own memory
    flops: float  # dense, with 16-bit weights
    link: float  # bytes, from host memory into an engine's weights
    start: float  # seconds to build an engine around no weights
    swap: float  # seconds of a change of weights, however few
    sleep: float  # seconds to fall asleep or wake, however few weights
    step: float  # seconds of a forward pass around the weights


CPU = Device("cpu", 20e9, 1e11, link=2e9, start=4.5, swap=0.008, sleep=0.1, step=0.0018)


PCIE_4, PCIE_5 = 20e9, 50e9  # bytes per second from pinned memory


def _gpu(kind: str, bandwidth: float, flops: float, link: float = PCIE_4) -> Device:
    """An engine's start is profiling and the capture of graphs: 15 s where a model of 3 billion
    parameters was compiled before, else 27. This and the other seconds are from an H200, see
    `benchmarks/swaps.py`."""
    return Device(kind, bandwidth, flops, link, start=20.0, swap=0.06, sleep=0.2, step=0.001)


# Bytes and dense 16-bit FLOPs per second, from NVIDIA's data sheet of each (where there are
# several forms: SXM, and the larger memory), and the link to the host.
GPUS = {
    kind: _gpu(kind, *rates)
    for kind, *rates in (
        ("b200", 8.0e12, 2250e12, PCIE_5),
        ("h200", 4.8e12, 989e12, PCIE_5),
        ("gh200", 4.0e12, 989e12, PCIE_5),
        ("h100", 3.35e12, 989e12, PCIE_5),
        ("a100", 2.04e12, 312e12),
        ("l40s", 0.864e12, 362e12),
        ("l40", 0.864e12, 181e12),
        ("l4", 0.3e12, 121e12),
        ("a10", 0.6e12, 125e12),
        ("a6000", 0.768e12, 155e12),
        ("v100", 0.9e12, 125e12),
        ("t4", 0.3e12, 65e12),
        ("4090", 1.008e12, 165e12),
        ("3090", 0.936e12, 71e12),
    )
}
SLOW_GPU = (0.3e12, 65e12)  # what one that is not listed is taken for


@dataclass(frozen=True, slots=True)
class Size:
    """A model's weights."""

    bytes: int  # of one copy, over all its devices
    parameters: int
    tensor_parallel: int = 1


def device_of(name: str | None) -> Device:
    """The kind of device with a GPU's name, as its driver or Ray tells it; None: a CPU."""
    words = re.findall(r"[a-z0-9]+", (name or "cpu").lower())
    if words == ["cpu"]:
        return CPU
    for kind in sorted(GPUS, key=len, reverse=True):
        if any(re.fullmatch(kind + "[a-z]*", word) for word in words):
            return GPUS[kind]
    return _gpu("-".join(words) or "gpu", *SLOW_GPU)


def costs_before(size: Size, device: Device, max_tokens: Mapping[str, int]) -> Costs:
    """Costs to begin with, given each expert's longest reply."""
    each = size.bytes / size.tensor_parallel  # each device has its share, and a link of its own
    asleep = device.sleep + each / device.link
    flops = device.flops * FLOPS_SHARE * size.tensor_parallel * 2 / _width(size)
    return Costs(
        starting=Estimate((device.start + size.bytes / DISK,)),
        sleeping=Estimate((asleep,)),
        waking=Estimate((asleep,)),
        reading=Estimate((1 / DISK,)),
        swapping=Estimate((device.swap, 1 / (device.link * size.tensor_parallel))),
        stepping=Estimate(
            (
                device.step + each / (device.bandwidth * BANDWIDTH_SHARE),
                2 * size.parameters / flops,  # a multiplication and an addition for each
            )
        ),
        lengths={
            expert: Lengths(PROMPT_TOKENS, max(1.0, REPLY_SHARE * most))
            for expert, most in max_tokens.items()
        },
    )


def _width(size: Size) -> float:
    """Bytes per parameter, within those that devices multiply at speeds of their own."""
    return min(4.0, max(1.0, size.bytes / max(1, size.parameters)))
