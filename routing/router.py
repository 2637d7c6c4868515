"""The router: questions in, routes with their reasons out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from routing import symbolic_moe
from routing.affinity import Affinity
from routing.competence import Competence, believable
from routing.evidence import Evidence
from routing.recruiting import DRAWS, dice_for
from routing.skills import SkillChannel
from routing.types import Needs, Question, Ranking, Route

Score = Callable[[Competence, Needs], Ranking]
NO_NEEDS = Needs({})


def by_competence(competence: Competence, needs: Needs) -> Ranking:
    """Experts by what is believed of them on such a question."""
    scores = competence.scores(needs)
    experts = competence.evidence.experts
    best = np.argsort(-scores, kind="stable").tolist()  # equal ones stay in order of name
    beliefs = believable(scores).tolist()
    return Ranking(
        tuple([experts[i] for i in best]),
        tuple(scores[best].tolist()),
        dict(zip(experts, beliefs, strict=True)),
        partial(competence.candidates, needs),
    )


def by_overall(competence: Competence, _: Needs) -> Ranking:
    """Experts by what is believed of them on any question: the question is not looked at."""
    return by_competence(competence, NO_NEEDS)


def by_symbolic_moe(competence: Competence, needs: Needs) -> Ranking:
    """Experts as Symbolic-MoE's published code scores them."""
    return Ranking.of(symbolic_moe.candidates(competence, needs))


SCORES: dict[str, Score] = {
    "competence": by_competence,
    "overall": by_overall,
    "symbolic-moe": by_symbolic_moe,
}


@dataclass(frozen=True, slots=True)
class Recruiting:
    """How a policy picks its panel: a score, a draw, and how many."""

    policy: str
    score: str = "competence"  # a key of SCORES
    draw: str = "top"  # a key of DRAWS
    size: int = 3
    notes: tuple[str, ...] = ()  # why the panel is what it is, told with every route


class Router:
    """Holds what is known (skills, evidence, affinity) and recruits from it."""

    def __init__(
        self,
        experts: Sequence[str],
        channel: SkillChannel,
        evidence: Evidence,
        affinity: Affinity | None = None,
        seed: int = 0,
    ) -> None:
        self._experts = tuple(sorted(experts))
        self._channel = channel
        self._seed = seed
        self._affinity = affinity
        self.evidence = evidence

    @property
    def evidence(self) -> Evidence:
        return self._competence.evidence

    @evidence.setter
    def evidence(self, evidence: Evidence) -> None:
        """Replace what is known; routes from here on use it."""
        self._competence = Competence(evidence.over(self._experts), self._affinity)
        self._ignorant = evidence.total == 0

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        """What each question needs, in order."""
        return await self._channel.needs(questions)

    async def route(self, question: Question, recruiting: Recruiting) -> Route:
        (needs,) = await self.needs([question])
        return self.recruit(question, needs, recruiting)

    def recruit(self, question: Question, needs: Needs, recruiting: Recruiting) -> Route:
        """The panel for a question whose needs are known. Pure: same in, same out."""
        ranking = SCORES[recruiting.score](self._competence, needs)
        dice = partial(dice_for, question.text, self._seed)
        panel = DRAWS[recruiting.draw](ranking, recruiting.size, dice)
        skills = tuple(needs.skills.items())
        return Route(
            recruiting.policy,
            skills,
            panel,
            ranking,
            (*recruiting.notes, *self._notes(needs)),
        )

    def pinned(self, expert: str) -> Route:
        """The route of a question that names its expert."""
        candidates = self._competence.candidates(NO_NEEDS)
        only = Ranking.of([c for c in candidates if c.expert == expert])
        return Route(expert, (), (expert,), only, ("the request names its expert",))

    def _notes(self, needs: Needs) -> tuple[str, ...]:
        if self._ignorant:
            return ("no evidence yet: all experts are believed equal; run `convene profile`",)
        if not needs.skills:
            return ("the question is like none seen: experts are judged by their overall record",)
        return ()
