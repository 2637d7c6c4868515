"""What every encoder does, and how much of the machine it may take."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
# Half the cores: engines want the others, and threads that wait for one another are slower than
# one alone (measured on two busy cores: 1.7 s against 2 to 7 s for 256 questions).
THREADS = max(1, (os.cpu_count() or 2) // 2)


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension); each row has length 1, so a dot product is a cosine.
        A row depends on its own text alone, whoever else is in the batch."""
        ...


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a text an encoder reads: its first `tokens`."""

    tokens: int
    whole: bool  # whether that is all of it


class Embedder(Encoder, Protocol):
    """An encoder that says how much it reads."""

    async def extents(self, texts: Sequence[str]) -> list[Extent]:
        """One for each text, in order."""
        ...


class Model(Protocol):
    """A loaded model, which takes one text at a time; called in threads."""

    def extent(self, text: str) -> Extent: ...

    def vector(self, text: str) -> Vectors:
        """Shape (dimension,), of length 1."""
        ...
