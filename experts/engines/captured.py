"""A model as an engine on CPU computes with it, to be put back without moving a byte.

On CPU the engine's memory is the host's memory. vLLM packs weights for the processor after it has
loaded them, which takes most of a swap's time; what was packed once is kept and pointed to again.
On a GPU this does not hold: its captured graphs read fixed addresses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MULTIPLIER = "cpu_linear"  # where vLLM's CPU layers keep the product with their packed weights


@dataclass(frozen=True, slots=True)
class _Layer:
    module: Any
    tensors: dict[str, tuple[Any, Any]]  # name -> where it stands in the module, what it holds
    multiplier: Any


@dataclass(frozen=True, slots=True)
class Captured:
    """Everything that differs between two bases in the same running model."""

    layers: tuple[_Layer, ...]

    @classmethod
    def of(cls, model: Any) -> "Captured":
        """What the model computes with now."""
        return cls(
            tuple(
                _Layer(
                    module,
                    {name: (tensor, tensor.data) for name, tensor in _own_tensors(module)},
                    module.__dict__.get(MULTIPLIER),
                )
                for module in model.modules()
            )
        )

    def restore(self) -> None:
        """Makes the model compute with what was captured."""
        for layer in self.layers:
            for name, (tensor, data) in layer.tensors.items():
                tensor.data = data
                _place(layer.module, name, tensor)
            if layer.multiplier is not None:
                setattr(layer.module, MULTIPLIER, layer.multiplier)


def detach(model: Any) -> None:
    """Gives the model storage of its own, so that loading into it changes nothing captured."""
    done: set[int] = set()  # tied weights are one tensor in two places
    for module in model.modules():
        for _, tensor in _own_tensors(module):
            if id(tensor) not in done:
                tensor.data = tensor.data.clone()
                done.add(id(tensor))


def _own_tensors(module: Any) -> Iterator[tuple[str, Any]]:
    for places in (module._parameters, module._buffers):
        yield from ((name, tensor) for name, tensor in places.items() if tensor is not None)


def _place(module: Any, name: str, tensor: Any) -> None:
    places = module._parameters if name in module._parameters else module._buffers
    places[name] = tensor
