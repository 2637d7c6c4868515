"""The router: questions in, routes with their reasons out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from routing import symbolic_moe
from routing.competence import Competence
from routing.evidence import Evidence
from routing.recruiting import DRAWS, dice_for
from routing.skills import SkillChannel, Skills
from routing.types import Candidate, Question, Route

Score = Callable[[Competence, Mapping[str, float]], tuple[Candidate, ...]]


def by_competence(competence: Competence, skills: Skills) -> tuple[Candidate, ...]:
    """Experts by what is believed of them on the question's skills."""
    return competence.candidates(skills)


def by_overall(competence: Competence, _: Skills) -> tuple[Candidate, ...]:
    """Experts by what is believed of them on any question: the question is not looked at."""
    return competence.candidates({})


SCORES: dict[str, Score] = {
    "competence": by_competence,
    "overall": by_overall,
    "symbolic-moe": symbolic_moe.candidates,
}


@dataclass(frozen=True, slots=True)
class Recruiting:
    """How a policy picks its panel: a score, a draw, and how many."""

    policy: str
    score: str = "competence"  # a key of SCORES
    draw: str = "top"  # a key of DRAWS
    size: int = 3


class Router:
    """Holds what is known (skills, evidence) and recruits from it."""

    def __init__(
        self, experts: Sequence[str], channel: SkillChannel, evidence: Evidence, seed: int = 0
    ) -> None:
        self._experts = tuple(experts)
        self._channel = channel
        self._seed = seed
        self.evidence = evidence

    @property
    def evidence(self) -> Evidence:
        return self._competence.evidence

    @evidence.setter
    def evidence(self, evidence: Evidence) -> None:
        """Replace what is known; routes from here on use it."""
        self._competence = Competence(evidence.over(self._experts))

    async def skills(self, questions: Sequence[Question]) -> list[Skills]:
        """What each question needs, in order."""
        return await self._channel.skills(questions)

    async def route(self, question: Question, recruiting: Recruiting) -> Route:
        (skills,) = await self.skills([question])
        return self.recruit(question, skills, recruiting)

    def recruit(self, question: Question, skills: Skills, recruiting: Recruiting) -> Route:
        """The panel for a question whose skills are known. Pure: same in, same out."""
        candidates = SCORES[recruiting.score](self._competence, skills)
        dice = dice_for(question.text, self._seed)
        panel = DRAWS[recruiting.draw](candidates, recruiting.size, dice)
        return Route(
            policy=recruiting.policy,
            skills=tuple(sorted(skills.items(), key=lambda item: (-item[1], item[0]))),
            panel=panel,
            candidates=candidates,
            notes=self._notes(skills),
        )

    def pinned(self, expert: str) -> Route:
        """The route of a question that names its expert."""
        candidates = self._competence.candidates({})
        only = tuple(c for c in candidates if c.expert == expert)
        return Route(expert, (), (expert,), only, ("the request names its expert",))

    def _notes(self, skills: Skills) -> tuple[str, ...]:
        if self.evidence.total == 0:
            return ("no evidence yet: all experts are believed equal; run `convene profile`",)
        if not skills:
            return ("the question is like none seen: experts are judged by their overall record",)
        return ()
