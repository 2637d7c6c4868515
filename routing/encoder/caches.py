"""An encoder that encodes no file twice: it keeps whole batches in a folder."""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from routing.encoder.base import Encoder, Vectors


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
