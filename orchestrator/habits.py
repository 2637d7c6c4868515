"""Habits: the wrong answers an expert is given to.

Many models prefer some letters when they do not know (Zheng et al. 2024, "Large Language Models
Are Not Robust Multiple Choice Selectors"). An answer that its expert also gives when wrong is
weaker evidence than one it seldom gives: in MMLU-Pro's mathematics the best model's "A" is right
three times in ten, its "E" eight times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from orchestrator.ballots import CHOICES, Ballots

# Wrong answers, spread over all letters, that the prior is worth (no habit; at a skill, the
# habit overall).
STRENGTH = 50.0


@dataclass(frozen=True, eq=False)
class Habits:
    """How much likelier than by chance each expert's wrong answer is each letter: overall, shape
    (experts, letters), and at each skill, shape (experts, skills, letters)."""

    experts: tuple[str, ...]
    skills: tuple[str, ...]
    overall: NDArray[np.float64]
    by_skill: NDArray[np.float64]

    @classmethod
    def none(cls) -> "Habits":
        """Nobody is known to have any."""
        return cls((), (), np.ones((0, CHOICES)), np.ones((0, 0, CHOICES)))

    @classmethod
    def of(cls, ballots: Ballots, skills: tuple[str, ...], shares: NDArray[np.float64]) -> "Habits":
        """Counted from the wrong answers of multiple-choice questions. `shares` weighs the skills
        of each question, shape (questions, skills)."""
        wrong = ballots.wrong & ballots.choice[:, None] & (ballots.gold >= 0)[:, None]
        letters = np.arange(CHOICES)
        open_to = (letters < ballots.possible[:, None]) & (letters != ballots.gold[:, None])
        chance = open_to / (ballots.possible - 1)[:, None]
        overall = np.ones((len(ballots.experts), CHOICES))
        by_skill = np.ones((len(ballots.experts), len(skills), CHOICES))
        for i in range(len(ballots.experts)):
            rows = wrong[:, i]
            given = np.eye(CHOICES)[ballots.answers[rows, i]]
            prior = STRENGTH / CHOICES
            overall[i] = (given.sum(axis=0) + prior) / (chance[rows].sum(axis=0) + prior)
            weights = shares[rows].T
            by_skill[i] = (weights @ given + prior * overall[i]) / (weights @ chance[rows] + prior)
        return cls(ballots.experts, skills, overall, by_skill)

    def ratio(self, expert: str, answer: str, skills: Mapping[str, float]) -> float:
        """How much likelier than by chance the expert's wrong answer is this letter."""
        row = self._row.get(expert)
        if row is None:
            return 1.0
        letter = ord(answer) - ord("A")
        known = [(self._column[s], weight) for s, weight in skills.items() if s in self._column]
        rest = 1 - sum(weight for _, weight in known)
        ratio = rest * self.overall[row, letter]
        return float(ratio + sum(w * self.by_skill[row, column, letter] for column, w in known))

    def least(self, expert: str, possible: int, skills: Mapping[str, float]) -> float:
        """The ratio of the expert's rarest wrong letter: the most that a reply could say."""
        letters = ascii_uppercase[:possible]
        return min(self.ratio(expert, letter, skills) for letter in letters)

    def ratios(self, ballots: Ballots, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same for every answer given, shape (questions, experts); 1 where no letter is."""
        rows = np.arange(len(self.experts))
        letters = np.clip(ballots.answers, 0, CHOICES - 1)
        found = (1 - shares.sum(axis=1, keepdims=True)) * self.overall[rows, letters]
        for skill in range(len(self.skills)):
            found += shares[:, [skill]] * self.by_skill[rows, skill, letters]
        habitual: NDArray[np.float64] = np.where(
            ballots.choice[:, None] & (ballots.answers >= 0), found, 1.0
        )
        return habitual

    @cached_property
    def _row(self) -> dict[str, int]:
        return {expert: i for i, expert in enumerate(self.experts)}

    @cached_property
    def _column(self) -> dict[str, int]:
        return {skill: i for i, skill in enumerate(self.skills)}
