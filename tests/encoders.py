"""A tiny encoder for tests: hashed bags of words, no model and no luck involved."""

import hashlib
from collections.abc import Sequence

import numpy as np

from routing.encoder import Extent, Vectors

DIMENSION = 256
LONGEST = 50  # words that count as read


class BagOfWords:
    """Texts that share words are near. Counts its calls in `encoded`, one entry each."""

    def __init__(self) -> None:
        self.encoded: list[list[str]] = []

    async def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded.append(list(texts))
        return np.array([_vector(text) for text in texts], np.float32).reshape(-1, DIMENSION)

    async def extents(self, texts: Sequence[str]) -> list[Extent]:
        words = [len(text.split()) for text in texts]
        return [Extent(min(count, LONGEST), count <= LONGEST) for count in words]


def _vector(text: str) -> Vectors:
    vector = np.zeros(DIMENSION, np.float32)
    for word in text.lower().split():
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % DIMENSION] += 1
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
