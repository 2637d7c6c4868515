"""Competence: the belief that an expert is right, from evidence, with shrinkage.

An expert's success rate at a skill is pulled towards its rate over all skills, and that one
towards the mean of all experts: 25 outcomes must not overrule 350. How hard it is pulled is
not a taste but the strength under which the evidence is most likely (empirical Bayes over the
beta-binomial, as in Morris 1983, "Parametric Empirical Bayes Inference").
"""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from routing.evidence import Counts, Evidence
from routing.types import Candidate, Term

# In outcomes: a strength of 20 means the prior counts as much as 20 graded questions.
STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
OVERALL_STRENGTH = 4.0
EDGE = 0.01  # no belief is ever certain; certainty would make one vote outweigh any number

_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])


class Competence:
    """What evidence says about each expert, overall and at each skill."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @cached_property
    def overall(self) -> NDArray[np.float64]:
        """P(right) of each expert over all skills, shape (experts,)."""
        wins, losses = self.evidence.wins.sum(axis=1), self.evidence.losses.sum(axis=1)
        pooled = (wins.sum() + 1) / (wins.sum() + losses.sum() + 2)
        rate: NDArray[np.float64] = (wins + OVERALL_STRENGTH * pooled) / (
            wins + losses + OVERALL_STRENGTH
        )
        return rate.clip(EDGE, 1 - EDGE)

    @cached_property
    def strength(self) -> float:
        """How many outcomes the prior is worth at each skill."""
        return max(
            STRENGTHS,
            key=lambda s: _likelihood(self.evidence, self.overall, s) + _log_prior(s),
        )

    @cached_property
    def by_skill(self) -> NDArray[np.float64]:
        """P(right) of each expert at each skill, shape (experts, skills)."""
        wins, losses = self.evidence.wins, self.evidence.losses
        rate: NDArray[np.float64] = (wins + self.strength * self.overall[:, None]) / (
            wins + losses + self.strength
        )
        return rate.clip(EDGE, 1 - EDGE)

    def candidates(self, skills: Mapping[str, float]) -> tuple[Candidate, ...]:
        """Every expert's competence at a question of these skills (weights sum to at most 1;
        the rest is unknown and counts as overall), best first."""
        known = [skill for skill in skills if skill in self._column]
        names = [f"skill {skill} x {skills[skill]:.2f}" for skill in known]
        above = self.by_skill[:, [self._column[s] for s in known]] - self.overall[:, None]
        gains = above * np.array([skills[skill] for skill in known])
        found = [
            _candidate(expert, overall, zip(names, gained, strict=True))
            for expert, overall, gained in zip(
                self.evidence.experts, self.overall.tolist(), gains.tolist(), strict=True
            )
        ]
        return tuple(sorted(found, key=lambda c: (-c.score, c.expert)))

    @cached_property
    def _column(self) -> dict[str, int]:
        return {skill: i for i, skill in enumerate(self.evidence.skills)}


def _candidate(expert: str, overall: float, gains: Iterable[tuple[str, float]]) -> Candidate:
    terms = (Term("overall", overall), *(Term(name, gain) for name, gain in gains))
    score = sum(term.value for term in terms)
    return Candidate(expert, score, score, terms)


def _log_prior(strength: float) -> float:
    """Around 8, give or take three doublings: decides only where outcomes are too few to."""
    return -0.5 * (math.log2(strength / 8) / 3) ** 2


def _likelihood(evidence: Evidence, overall: NDArray[np.float64], strength: float) -> float:
    """Log marginal likelihood of the counts if skills scatter around overall with `strength`."""
    alpha = np.broadcast_to(strength * overall[:, None], evidence.wins.shape)
    beta = strength - alpha
    value = _log_beta(alpha + evidence.wins, beta + evidence.losses) - _log_beta(alpha, beta)
    return float(value.sum())


def _log_beta(a: Counts, b: Counts) -> Counts:
    if a.size == 0:
        return np.zeros_like(a)
    result: Counts = _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b)
    return result
