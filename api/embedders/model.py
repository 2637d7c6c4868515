"""What an embedding model is asked, what it gives, and what that takes of a key's limits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from api.keys.estimates import BYTES, ONE, spent
from api.keys.limits import Amounts
from experts.cards import Price
from experts.types import Usage
from routing.encoder import Vectors

ENCODER = "convene/encoder"  # what questions are routed by
BARE = "encoder"  # the same
ENDS = 4  # tokens that a model sets around each text, at most


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be embedded: texts, or the tokens of each."""

    inputs: Sequence[str | Sequence[int]]
    dimensions: int | None = None  # numbers of a vector, where a request says


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A row for each input, in order."""

    vectors: Vectors
    tokens: int | None  # that were read; None: nobody tells
    cut: tuple[int, ...] | None = None  # inputs read in part; None: nobody tells


@dataclass(frozen=True, slots=True)
class Terms:
    """What a model charges, and how many tokens of an input it reads at most."""

    price: Price | None = None
    longest: int | None = None

    def most(self, wanted: Wanted) -> Amounts:
        """What it may take."""
        return self._amounts(sum(map(self._tokens, wanted.inputs)))

    def taken(self, wanted: Wanted, embedding: Embedding) -> Amounts:
        """What it took, or may have taken where nobody tells."""
        if embedding.tokens is None:
            return self.most(wanted)
        return self._amounts(embedding.tokens)

    def _amounts(self, tokens: int) -> Amounts:
        return ONE + spent(self.price.usage(tokens, 0) if self.price else Usage(tokens, 0))

    def _tokens(self, item: str | Sequence[int]) -> int:
        count = len(item)
        if isinstance(item, str):
            count = math.ceil(len(item.encode()) / BYTES)
        return count + ENDS if self.longest is None else min(count + ENDS, self.longest)


class EmbeddingModel(Protocol):
    """Embeds. Raises `Unfit` for what it cannot take, and `NotEmbedded`."""

    @property
    def terms(self) -> Terms: ...

    async def embed(self, wanted: Wanted) -> Embedding: ...
