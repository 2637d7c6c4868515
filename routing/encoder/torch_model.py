"""Any sentence-transformers model, run by sentence-transformers itself."""

import os
from pathlib import Path

import numpy as np

from routing.encoder.base import Extent, Vectors


class TorchModel:
    """The way to models of any kind, and what the quicker way is measured against."""

    def __init__(self, name: str, max_tokens: int, threads: int) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        local = Path(name).is_dir()
        if local:  # a folder needs no hub; asking it costs seconds where there is none
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        torch.set_num_threads(threads)
        disable_progress_bar()  # half a second of loading needs no bar
        self._model = SentenceTransformer(name, device=None, local_files_only=local)
        self._model.max_seq_length = min(max_tokens, self._model.max_seq_length or max_tokens)

    def extent(self, text: str) -> Extent:
        most = self._model.max_seq_length
        read = self._model.tokenizer(text, truncation=True, max_length=most + 1)["input_ids"]
        return Extent(min(len(read), most), len(read) <= most)

    def vector(self, text: str) -> Vectors:
        """Encoded alone: in a padded batch, rounding would depend on who else is in it."""
        (vector,) = self._model.encode([text], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vector, np.float32)
