"""The router: questions in, routes with their reasons out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from routing import symbolic_moe
from routing.affinity import Affinity
from routing.competence import Competence, believable
from routing.costs import MONEY_NO_OBJECT, Offer, Thrift, charged, within
from routing.evidence import Evidence
from routing.recruiting import DRAWS, dice_for
from routing.sizing import AS_MANY, Sizing, cut
from routing.skills import SkillChannel
from routing.types import Needs, Question, Ranking, Route

Score = Callable[[Competence, Sequence[Needs]], list[Ranking]]
NO_NEEDS = Needs({})


def by_competence(competence: Competence, asked: Sequence[Needs]) -> list[Ranking]:
    """Experts by what is believed of them on such a question."""
    scores = competence.scores(asked)
    order = np.argsort(-scores, axis=1, kind="stable")  # equal ones stay in order of name
    experts = np.array(competence.evidence.experts, object)[order]
    scores = np.take_along_axis(scores, order, axis=1)
    return [
        Ranking(
            tuple(best.tolist()),
            tuple(own.tolist()),
            tuple(beliefs.tolist()),
            partial(competence.candidates, needs),
        )
        for best, own, beliefs, needs in zip(
            experts, scores, believable(scores), asked, strict=True
        )
    ]


def by_overall(competence: Competence, asked: Sequence[Needs]) -> list[Ranking]:
    """Experts by what is believed of them on any question: the question is not looked at."""
    return by_competence(competence, [NO_NEEDS]) * len(asked)


def by_symbolic_moe(competence: Competence, asked: Sequence[Needs]) -> list[Ranking]:
    """Experts as Symbolic-MoE's published code scores them."""
    return [Ranking.of(symbolic_moe.candidates(competence, needs)) for needs in asked]


SCORES: dict[str, Score] = {
    "competence": by_competence,
    "overall": by_overall,
    "symbolic-moe": by_symbolic_moe,
}


@dataclass(frozen=True, slots=True)
class Recruiting:
    """How a policy picks its panel: a score, what costs take off it, how many, and a draw."""

    policy: str
    score: str = "competence"  # a key of SCORES
    draw: str = "top"  # a key of DRAWS
    size: int = 3  # the most that are asked
    sizing: Sizing = AS_MANY
    thrift: Thrift = MONEY_NO_OBJECT
    notes: tuple[str, ...] = ()  # why the panel is what it is, told with every route
    barred: frozenset[str] = frozenset()  # who is not asked, however good


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
        self.offers: Mapping[str, Offer] = {}  # what experts cost, as far as that is known

    @property
    def evidence(self) -> Evidence:
        return self._competence.evidence

    @evidence.setter
    def evidence(self, evidence: Evidence) -> None:
        """Replace what is known; routes from here on use it."""
        self._competence = Competence(evidence.over(self._experts), self._affinity)
        self._ignorant = evidence.total == 0
        self._pinned: dict[str, Route] = {}

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        """What each question needs, in order."""
        return await self._channel.needs(questions)

    async def route(self, question: Question, recruiting: Recruiting) -> Route:
        (needs,) = await self.needs([question])
        return self.recruit(question, needs, recruiting)

    def recruit(self, question: Question, needs: Needs, recruiting: Recruiting) -> Route:
        """The panel for a question whose needs are known. Pure: same in, same out."""
        (route,) = self.recruit_all([question], [needs], recruiting)
        return route

    def recruit_all(
        self, questions: Sequence[Question], needs: Sequence[Needs], recruiting: Recruiting
    ) -> list[Route]:
        """The panels for many questions, each the same as `recruit` gives, several times faster."""
        rankings = SCORES[recruiting.score](self._competence, needs)
        return [
            self._drawn(question, asked, ranking, recruiting)
            for question, asked, ranking in zip(questions, needs, rankings, strict=True)
        ]

    def _drawn(
        self, question: Question, needs: Needs, ranking: Ranking, recruiting: Recruiting
    ) -> Route:
        ranking = charged(ranking.without(recruiting.barred), self.offers, recruiting.thrift)
        cutting = cut(ranking, recruiting.size, recruiting.sizing)
        dice = partial(dice_for, question.text, self._seed)
        panel = DRAWS[recruiting.draw](ranking, cutting.size, dice)
        if cutting.default:
            panel = (cutting.default, *(e for e in panel if e != cutting.default))[: cutting.size]
        panel, capped = within(panel, ranking, self.offers, recruiting.thrift.most_dollars)
        skills = tuple(needs.skills.items())
        notes = (*recruiting.notes, *self._notes(needs), *cutting.notes, *capped)
        return Route(recruiting.policy, skills, panel, ranking, notes)

    def pinned(self, expert: str) -> Route:
        """The route of a question that names its expert."""
        if expert not in self._pinned:
            candidates = self._competence.candidates(NO_NEEDS)
            only = Ranking.of([c for c in candidates if c.expert == expert])
            notes = ("the request names its expert",)
            self._pinned[expert] = Route(expert, (), (expert,), only, notes)
        return self._pinned[expert]

    def _notes(self, needs: Needs) -> tuple[str, ...]:
        if self._ignorant:
            return ("no evidence yet: all experts are believed equal; run `convene profile`",)
        if not needs.skills:
            return ("the question is like none seen: experts are judged by their overall record",)
        return ()
