"""The values of routing: a question in, a route with its reasons out."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, apart from how. `options` are the choices of a multiple-choice question."""

    text: str
    options: tuple[str, ...] = ()
    id: str = ""
    category: str | None = None


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
class Route:
    """Who is asked, in order of use, and why. A sampling policy may name an expert twice."""

    policy: str
    skills: tuple[tuple[str, float], ...]  # skill, weight; heaviest first, weights sum to 1
    panel: tuple[str, ...]
    candidates: tuple[Candidate, ...]  # every eligible expert, best first
    notes: tuple[str, ...] = field(default=())  # fallbacks taken, experts left out

    def competence(self, expert: str) -> float:
        """P(expert is right about this question); 0.5 for one that was never a candidate."""
        return next((c.competence for c in self.candidates if c.expert == expert), 0.5)
