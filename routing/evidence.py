"""Evidence: counted outcomes per expert and skill. Shards add up; nothing else is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]


class Outcome(NamedTuple):
    """One graded reply. `score` is 1 for right, 0 for wrong, between for partly right."""

    expert: str
    skill: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Two tables, shape (experts, skills): how much was right, how much was wrong."""

    experts: tuple[str, ...]
    skills: tuple[str, ...]
    wins: Counts
    losses: Counts

    @classmethod
    def none(cls, experts: Sequence[str]) -> "Evidence":
        """For experts of whom nothing is known yet."""
        return cls(tuple(experts), (), np.zeros((len(experts), 0)), np.zeros((len(experts), 0)))

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Evidence":
        """Count outcomes. Scores are clipped to 0..1."""
        counts: dict[tuple[str, str], list[float]] = {}
        for expert, skill, score in outcomes:
            count = counts.setdefault((expert, skill), [0.0, 0.0])
            won = min(max(score, 0.0), 1.0)
            count[0] += won
            count[1] += 1.0 - won
        experts = tuple(sorted({expert for expert, _ in counts}))
        skills = tuple(sorted({skill for _, skill in counts}))
        table = [
            [counts.get((expert, skill), (0.0, 0.0)) for skill in skills] for expert in experts
        ]
        wins, losses = np.array(table).reshape(len(experts), len(skills), 2).transpose(2, 0, 1)
        return cls(experts, skills, wins, losses)

    @classmethod
    def of_table(
        cls, experts: Sequence[str], skill_of: Sequence[str], scores: Counts
    ) -> "Evidence":
        """Count a table of scores in 0..1, shape (questions, experts), NaN for an expert that was
        not asked, by the skill of each question: millions in a second."""
        skills, column = np.unique(np.asarray(skill_of, str), return_inverse=True)
        order = np.argsort(column, kind="stable")
        starts = np.searchsorted(column[order], np.arange(len(skills)))
        right = np.nan_to_num(scores)[order]
        asked = (~np.isnan(scores))[order].astype(np.float64)
        wins = np.add.reduceat(right, starts, axis=0) if len(skills) else right
        graded = np.add.reduceat(asked, starts, axis=0) if len(skills) else asked
        return cls(tuple(experts), tuple(map(str, skills)), wins.T.copy(), (graded - wins).T)

    def __add__(self, other: "Evidence") -> "Evidence":
        """Both together, exactly: experts and skills of either, counts summed."""
        experts = tuple(sorted({*self.experts, *other.experts}))
        skills = tuple(sorted({*self.skills, *other.skills}))
        mine, theirs = self.over(experts, skills), other.over(experts, skills)
        return Evidence(experts, skills, mine.wins + theirs.wins, mine.losses + theirs.losses)

    def over(self, experts: Sequence[str], skills: Sequence[str] | None = None) -> "Evidence":
        """The same counts for exactly these experts (and skills), zero where there were none."""
        skills = self.skills if skills is None else skills
        wins = np.zeros((len(experts), len(skills)))
        losses = np.zeros_like(wins)
        rows = [(i, self.experts.index(e)) for i, e in enumerate(experts) if e in self.experts]
        columns = [(j, self.skills.index(s)) for j, s in enumerate(skills) if s in self.skills]
        if rows and columns:
            here = np.ix_([i for i, _ in rows], [j for j, _ in columns])
            there = np.ix_([i for _, i in rows], [j for _, j in columns])
            wins[here], losses[here] = self.wins[there], self.losses[there]
        return Evidence(tuple(experts), tuple(skills), wins, losses)

    @property
    def total(self) -> float:
        """How many outcomes were counted."""
        return float(self.wins.sum() + self.losses.sum())
