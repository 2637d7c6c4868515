"""Sentence embeddings: texts as unit vectors, near where their meanings are near."""

from routing.encoder.base import THREADS, Embedder, Encoder, Extent, Vectors
from routing.encoder.caches import CachedEncoder
from routing.encoder.sentences import READ, SentenceEncoder, packaged_minilm

__all__ = [
    "READ",
    "THREADS",
    "CachedEncoder",
    "Embedder",
    "Encoder",
    "Extent",
    "SentenceEncoder",
    "Vectors",
    "packaged_minilm",
]
