"""What a profiling run leaves, ready for routing: labelled questions and counted evidence."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from routing.affinity import Affinity, Scores
from routing.clusters import cluster_names
from routing.codebook import Codebook
from routing.competence import overall
from routing.encoder import Encoder, Vectors
from routing.evidence import Evidence
from routing.skills import NearestSkills


@dataclass(frozen=True, slots=True)
class Graded:
    """One labelled question and how right each expert was on it, 0..1."""

    question: str
    skill: str | None
    scores: tuple[tuple[str, float], ...]


def claims(claimed: Mapping[str, Sequence[str]]) -> list[Graded]:
    """What cards claim, as evidence about experts never profiled: each claimed skill is one
    question, named like the skill, that its claimants get right and the others do not. A handful
    of graded questions overrules it, but it is better than an even guess."""
    skills = dict.fromkeys(skill for own in claimed.values() for skill in own)
    return [
        Graded(skill, skill, tuple((e, float(skill in own)) for e, own in claimed.items()))
        for skill in skills
    ]


@dataclass(frozen=True, slots=True)
class Profile:
    """Graded questions with their skills and embeddings, shape (questions, dimension)."""

    graded: tuple[Graded, ...]
    skills: tuple[str, ...]
    vectors: Vectors

    @classmethod
    async def of(cls, graded: Iterable[Graded], encoder: Encoder) -> "Profile":
        """Embed the questions; those without a skill get their cluster as one."""
        listed = tuple(graded)
        if not listed:
            return cls((), (), np.zeros((0, 0), np.float32))
        vectors = await encoder.encode([item.question for item in listed])
        skills = await asyncio.to_thread(_skills, listed, vectors)  # clustering takes seconds
        return cls(listed, tuple(skills), vectors)

    def channel(self, encoder: Encoder) -> NearestSkills:
        """The skill channel that looks a question up among these."""
        return NearestSkills(encoder, Codebook.of(self.vectors, self.skills))

    def scores(self, experts: Sequence[str]) -> Scores:
        """How right each of these experts was, shape (questions, experts); NaN if not asked."""
        column = {expert: i for i, expert in enumerate(experts)}
        listed = (column.get(expert, -1) for item in self.graded for expert, _ in item.scores)
        columns = np.fromiter(listed, np.intp)
        scores = np.fromiter((score for item in self.graded for _, score in item.scores), float)
        rows = np.repeat(np.arange(len(self.graded)), [len(item.scores) for item in self.graded])
        known = columns >= 0
        table = np.full((len(self.graded), len(experts)), np.nan)
        table[rows[known], columns[known]] = scores[known].clip(0.0, 1.0)
        return table

    def affinity(self, experts: Sequence[str]) -> Affinity:
        """How these experts' success varies with the embedding."""
        scores = self.scores(experts)
        wins, asked = np.nansum(scores, axis=0), (~np.isnan(scores)).sum(axis=0)
        return Affinity.fit(experts, self.vectors, scores, overall(wins, asked - wins))

    @property
    def evidence(self) -> Evidence:
        """The outcomes counted, for all experts there are."""
        experts = sorted({expert for item in self.graded for expert, _ in item.scores})
        return Evidence.of_table(experts, self.skills, self.scores(experts))


def _skills(graded: Sequence[Graded], vectors: Vectors) -> list[str]:
    bare = [i for i, item in enumerate(graded) if item.skill is None]
    names = [item.skill or "" for item in graded]
    if bare:
        for i, name in zip(bare, cluster_names(vectors[bare]), strict=True):
            names[i] = name
    return names
