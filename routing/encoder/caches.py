"""Encoders that encode nothing twice: single questions in memory, whole batches in a folder."""

import asyncio
import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from routing.encoder.base import Encoder, Vectors


class RememberingEncoder:
    """Keeps the vectors of the `size` latest texts: retries and repeated questions cost nothing.

    A vector is a function of its text alone, so sharing it between tenants tells nobody more
    than how long an answer took. Texts are kept as digests; 1,000 of them with vectors of 384
    numbers take about 2 MB.
    """

    def __init__(self, encoder: Encoder, size: int = 1000) -> None:
        self._encoder = encoder
        self._size = size
        self._kept: OrderedDict[bytes, Vectors] = OrderedDict()  # the longest unused first

    async def encode(self, texts: Sequence[str]) -> Vectors:
        if not 0 < len(texts) <= self._size:  # more would push each other out
            return await self._encoder.encode(texts)
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        new = {k: text for k, text in zip(keys, texts, strict=True) if k not in found}
        if new:
            rows = await self._encoder.encode(list(new.values()))
            # copies, since one row of a batch would keep all of it in memory
            found.update({key: row.copy() for key, row in zip(new, rows, strict=True)})
        for key in keys:
            self._kept[key] = found[key]
            self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return np.stack([found[key] for key in keys])


class CachedEncoder:
    """Keeps whole batches of vectors in a folder: evaluating one file again encodes nothing."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._folder = folder

    async def encode(self, texts: Sequence[str]) -> Vectors:
        digest = hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()
        path = self._folder / f"{digest[:32]}.npy"
        cached = await asyncio.to_thread(_loaded, path)
        if cached is not None:
            return cached
        vectors = await self._encoder.encode(texts)
        await asyncio.to_thread(_save, path, vectors)
        return vectors


def _loaded(path: Path) -> Vectors | None:
    if not path.exists():
        return None
    vectors: Vectors = np.load(path)
    return vectors


def _save(path: Path, vectors: Vectors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.npy")
    np.save(partial, vectors)
    partial.rename(path)  # another process sees the whole file or none
