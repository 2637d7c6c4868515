"""Competence moved by what was learned since: each expert's own row, and nobody else's.

What the evidence says of all experts together (their mean, how hard a skill is, how strongly rates
are shrunk) is taken as it was. So an outcome is one conjugate step of its expert's Beta beliefs: it
costs microseconds, its order does not matter, and every other row keeps its bits.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from routing.competence import OVERALL_STRENGTH, Competence, believable
from routing.evidence import Counts, Evidence


class Updated(Competence):
    """The competence before, and outcomes of some of its experts. An outcome at a skill that the
    evidence does not know counts towards the expert's overall rate alone."""

    def __init__(self, before: Competence, learned: Evidence) -> None:
        known = before.evidence
        mine = learned.over(known.experts, known.skills)
        whole = learned.over(known.experts)
        super().__init__(
            Evidence(
                known.experts, known.skills, known.wins + mine.wins, known.losses + mine.losses
            ),
            before.affinity,
        )
        self._before = before
        self._won = whole.wins.sum(axis=1)
        self._more = self._won + whole.losses.sum(axis=1)

    @cached_property
    def graded(self) -> NDArray[np.float64]:
        graded: NDArray[np.float64] = self._before.graded + self._more
        return graded

    @cached_property
    def overall(self) -> NDArray[np.float64]:
        before = self._before
        mass = before.graded + OVERALL_STRENGTH
        moved = (before.overall * mass + self._won) / (mass + self._more)
        return np.where(self._more > 0, believable(moved), before.overall)

    @cached_property
    def strength(self) -> NDArray[np.float64]:
        return self._before.strength

    @cached_property
    def expected(self) -> NDArray[np.float64]:
        """Moved as far as the expert's overall rate did."""
        gained = (self.overall - self._before.overall)[:, None]
        return self._own(believable(self._before.expected + gained), self._before.expected)

    @cached_property
    def by_skill(self) -> NDArray[np.float64]:
        wins, losses = self.evidence.wins, self.evidence.losses
        strength = self.strength[:, None]
        moved = (wins + strength * self.expected) / (wins + losses + strength)
        return self._own(believable(moved), self._before.by_skill)

    def _own(self, moved: Counts, before: Counts) -> Counts:
        """Of experts with outcomes the new row, of all others the old one."""
        return np.where((self._more > 0)[:, None], moved, before)
