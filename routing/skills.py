"""The skills of a question, from its nearest labelled questions: no LLM call."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from routing.encoder import Encoder, Vectors
from routing.types import Question

Skills = Mapping[str, float]  # skill -> weight; weights sum to at most 1, the rest is unknown
NEGLIGIBLE = 0.05  # a skill below this weight is left out of the explanation and the score


class SkillChannel(Protocol):
    """Says what a question needs."""

    async def skills(self, questions: Sequence[Question]) -> list[Skills]:
        """One mapping per question, in order; empty where nothing is known."""
        ...


class NearestSkills:
    """A question has the skills of the labelled questions around it, nearer ones counting more.

    The weight of neighbour i is exp((cosine_i - cosine_1) / temperature), so a lone close match
    is not outvoted by a crowd of distant ones. Below `floor` a question is like nothing seen.
    """

    def __init__(
        self,
        encoder: Encoder,
        labels: Sequence[str],
        vectors: Vectors,
        *,
        neighbours: int = 16,
        temperature: float = 0.05,
        floor: float = 0.15,
    ) -> None:
        self._encoder = encoder
        self._names, self._label_of = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        self._vectors = vectors
        self._neighbours = min(neighbours, len(labels))
        self._temperature = temperature
        self._floor = floor

    async def skills(self, questions: Sequence[Question]) -> list[Skills]:
        if not questions or self._neighbours == 0:  # nothing to compare with: load no model
            return [{} for _ in questions]
        return self.of_vectors(await self._encoder.encode([q.text for q in questions]))

    def of_vectors(self, vectors: Vectors) -> list[Skills]:
        """The same for questions that are encoded already, shape (questions, dimension). Row by
        row: in one product, rounding would depend on who else is in the batch."""
        return [self._weigh(self._vectors @ row) for row in vectors]

    def _weigh(self, cosines: Vectors) -> Skills:
        count = self._neighbours
        nearest = np.argpartition(-cosines, count - 1)[:count]
        close = cosines[nearest]
        if close.max() < self._floor:
            return {}
        weights = np.exp((close - close.max()) / self._temperature)
        share = np.bincount(self._label_of[nearest], weights, len(self._names)) / weights.sum()
        kept = [(str(self._names[i]), float(share[i])) for i in np.argsort(-share, kind="stable")]
        kept = [(name, weight) for name, weight in kept if weight >= NEGLIGIBLE]
        total = sum(weight for _, weight in kept)
        return {name: weight / total for name, weight in kept}
