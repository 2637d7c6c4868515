"""The values of routing: a question in, a route with its reasons out."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Skills = Mapping[str, float]  # skill -> weight; weights sum to at most 1, the rest is unknown
Vector = NDArray[np.float32]
UNKNOWN = 0.5  # competence of an expert that nothing is known of


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, apart from how. `options` are the choices of a multiple-choice question."""

    text: str
    options: tuple[str, ...] = ()
    id: str = ""
    category: str | None = None
    salt: str = ""  # of whoever asks: of what is kept nothing is found under another


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What a question asks of its experts: named skills, and the embedding they were read from.
    Without a vector (skills from an LLM tagger) only the skills speak."""

    skills: Skills
    vector: Vector | None = None  # shape (dimension,), length 1


NO_NEEDS = Needs({})  # nothing is known of the question


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of an expert's score."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is believed of one eligible expert for one question. `score` is the sum of `terms`;
    recruiting goes by score, vote weights by `competence`: P(expert is right)."""

    expert: str
    competence: float
    score: float
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every eligible expert, best first. The reasons are worked out when somebody asks for them:
    they cost ten times what the ranking does."""

    experts: tuple[str, ...]
    scores: tuple[float, ...]  # in the order of `experts`
    beliefs: tuple[float, ...]  # P(expert is right), in the order of `experts`
    explain: Callable[[], tuple[Candidate, ...]] = field(compare=False, repr=False)

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> "Ranking":
        """Candidates in the order of their scores; equal ones by name."""
        best = tuple(sorted(candidates, key=lambda c: (-c.score, c.expert)))
        return cls(
            tuple(c.expert for c in best),
            tuple(c.score for c in best),
            tuple(c.competence for c in best),
            lambda: best,
        )

    def without(self, barred: Set[str]) -> "Ranking":
        """The ranking of everybody else."""
        if not barred:
            return self
        kept = [i for i, expert in enumerate(self.experts) if expert not in barred]
        explain = self.explain
        return Ranking(
            tuple(self.experts[i] for i in kept),
            tuple(self.scores[i] for i in kept),
            tuple(self.beliefs[i] for i in kept),
            lambda: tuple(c for c in explain() if c.expert not in barred),
        )

    @property
    def competence(self) -> Mapping[str, float]:
        """P(expert is right) by name."""
        return dict(zip(self.experts, self.beliefs, strict=True))


@dataclass(frozen=True, slots=True)
class Route:
    """Who is asked, in order of use, and why. A sampling policy may name an expert twice."""

    policy: str
    skills: tuple[tuple[str, float], ...]  # skill, weight; heaviest first, weights sum to 1
    panel: tuple[str, ...]
    ranking: Ranking
    notes: tuple[str, ...] = field(default=())  # fallbacks taken, experts left out
    # Who is asked in whose seat, in order, if it cannot answer for now.
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    explored: str = ""  # who has a seat because little is known of it
    propensity: float = 1.0  # how probable this panel was, given all that is known

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every eligible expert with the terms of its score, best first."""
        return self.ranking.explain()

    def competence(self, expert: str) -> float:
        """P(expert is right about this question); 0.5 for one that was never a candidate."""
        ranking = self.ranking
        if expert not in ranking.experts:
            return UNKNOWN
        return ranking.beliefs[ranking.experts.index(expert)]
