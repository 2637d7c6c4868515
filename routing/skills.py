"""The skills of a question, from its nearest labelled questions: no LLM call."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from routing.codebook import Codebook
from routing.encoder import Encoder, Vectors
from routing.types import Needs, Question, Skills

NEIGHBOURS, TEMPERATURE, FLOOR = 16, 0.05, 0.15
NEGLIGIBLE = 0.05  # a skill below this weight is left out of the explanation and the score


class SkillChannel(Protocol):
    """Says what a question needs."""

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        """One per question, in order; without skills where nothing is known."""
        ...


class NearestSkills:
    """A question has the skills of the labelled questions around it, nearer ones counting more.

    The weight of neighbour i is exp((cosine_i - cosine_1) / temperature), so a lone close match
    is not outvoted by a crowd of distant ones. Below `floor` a question is like nothing seen.
    """

    def __init__(
        self,
        encoder: Encoder,
        codebook: Codebook,
        *,
        neighbours: int = NEIGHBOURS,
        temperature: float = TEMPERATURE,
        floor: float = FLOOR,
    ) -> None:
        self._encoder = encoder
        self.codebook = codebook
        self._neighbours = min(neighbours, len(codebook.vectors))
        self._temperature = temperature
        self.floor = floor

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        if not questions or self._neighbours == 0:  # nothing to compare with: load no model
            return [Needs({}) for _ in questions]
        return self.of_vectors(await self._encoder.encode([q.text for q in questions]))

    def of_vectors(self, vectors: Vectors) -> list[Needs]:
        """The same for questions that are encoded already, shape (questions, dimension)."""
        found_shares = shares(
            self.codebook, vectors, self._neighbours, self._temperature, self.floor
        )
        rows, columns = np.nonzero(found_shares)
        found: list[dict[str, float]] = [{} for _ in vectors]
        names = self.codebook.labels
        for row, column, weight in zip(
            rows.tolist(), columns.tolist(), found_shares[rows, columns].tolist(), strict=True
        ):
            found[row][names[column]] = weight
        return [Needs(_heaviest_first(s), v) for s, v in zip(found, vectors, strict=True)]


def shares(
    codebook: Codebook,
    vectors: Vectors,
    neighbours: int = NEIGHBOURS,
    temperature: float = TEMPERATURE,
    floor: float = FLOOR,
) -> NDArray[np.float64]:
    """The weight of each of the codebook's labels, shape (questions, labels); rows sum to 1, or
    to 0 for a question like none seen."""
    cosines = codebook.cosines(vectors)
    count = min(neighbours, len(codebook.vectors))
    nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    nearest.sort(axis=1)  # sums in one order, however the neighbours were found
    close = np.take_along_axis(cosines, nearest, axis=1).astype(np.float64)
    best = close.max(axis=1, keepdims=True)
    weights = np.exp((close - best) / temperature)
    weights *= (best >= floor) / weights.sum(axis=1, keepdims=True)
    found: NDArray[np.float64] = (weights[:, :, None] * codebook.shares[nearest]).sum(axis=1)
    found[found < NEGLIGIBLE] = 0.0
    total = found.sum(axis=1, keepdims=True)
    np.divide(found, total, out=found, where=total > 0)
    return found


def _heaviest_first(skills: Skills) -> Skills:
    return dict(sorted(skills.items(), key=lambda item: (-item[1], item[0])))
