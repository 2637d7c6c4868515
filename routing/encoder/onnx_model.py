"""A BERT run by onnxruntime in 8 bits: loads in a fraction of a second and needs no torch."""

from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from experts.engines.weights import read_header
from routing.encoder.base import Extent, Vectors
from routing.encoder.bert import EMBEDDINGS, Bert
from routing.encoder.graph import graph

ERRORS_ONLY = 3  # onnxruntime's severity
# Characters a token may take before the rest of a text is not even cut into tokens: ten times
# what prose takes. The tokenizer would read a megabyte to keep its first hundred words.
LONGEST_TOKEN = 50


class OnnxModel:
    """One text is one run, on one thread and without padding. Runs may be concurrent.

    Its graph is drawn from the weights file as it loads, which takes less time than reading
    back an exported one would save: nothing is written, so nothing goes stale.
    """

    def __init__(self, bert: Bert, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(bert.tokenizer))
        self._tokenizer.no_padding()
        tokens = min(max_tokens, bert.positions)
        self._tokenizer.enable_truncation(tokens)
        self._most = tokens * LONGEST_TOKEN
        weights = _Mapped(bert.weights)
        self._words, positions, kinds = (weights(name) for name in EMBEDDINGS)
        self._places = positions + kinds[0]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # texts run side by side instead
        options.log_severity_level = ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(graph(bert, weights), options)

    def extent(self, text: str) -> Extent:
        read = self._tokenizer.encode(text[: self._most])
        return Extent(len(read.ids), len(text) <= self._most and not read.overflowing)

    def vector(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(text[: self._most]).ids
        embedded = self._words[ids] + self._places[: len(ids)]
        (vector,) = self._session.run(None, {"embedded": embedded})
        return np.asarray(vector, np.float32)


class _Mapped:
    """Tensors of a safetensors file where they lie: only what is looked at takes memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header, self._start = read_header(path)

    def __call__(self, name: str) -> Vectors:
        tensor = self._header[name]
        begin = self._start + tensor["data_offsets"][0]
        return np.memmap(self._path, "<f4", "r", begin, tuple(tensor["shape"]))
