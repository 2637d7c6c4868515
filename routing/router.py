"""The router: questions in, routes with their reasons out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from routing import symbolic_moe
from routing.affinity import Affinity
from routing.competence import Competence
from routing.costs import MONEY_NO_OBJECT, Offer, Thrift, charged, within
from routing.evidence import Evidence
from routing.exploring import NONE, Exploration, Seated, explored
from routing.learned import Learned
from routing.recruiting import DRAWS, dice_for
from routing.sizing import AS_MANY, Sizing, cut
from routing.skills import SkillChannel
from routing.types import NO_NEEDS, Needs, Question, Ranking, Route
from routing.updated import Updated

Score = Callable[[Competence, Sequence[Needs]], list[Ranking]]
VIEWS = 1000  # tenants whose competence is kept worked out


def by_competence(competence: Competence, asked: Sequence[Needs]) -> list[Ranking]:
    """Experts by what is believed of them on such a question."""
    if not any(needs.skills for needs in asked):
        return by_overall(competence, asked)
    return competence.rankings(asked)


def by_overall(competence: Competence, asked: Sequence[Needs]) -> list[Ranking]:
    """Experts by what is believed of them on any question: the question is not looked at."""
    return [competence.ranking] * len(asked)


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


@dataclass(frozen=True, slots=True)
class Growth:
    """What is learned beside the evidence: what cards of experts that joined while the service runs
    claim, what feedback taught, and how far newcomers are tried."""

    claimed: Evidence = field(default_factory=partial(Evidence.none, ()))
    learned: Learned = field(default_factory=partial(Learned, 0.0))
    exploration: Exploration = NONE

    def explores(self, tenant: str) -> bool:
        """Only for those who give feedback: from others nothing would be learned."""
        return self.exploration.share > 0 and self.learned.of(tenant) is not None


class Router:
    """Holds what is known (skills, evidence, affinity) and recruits from it."""

    def __init__(
        self,
        experts: Sequence[str],
        channel: SkillChannel,
        evidence: Evidence,
        affinity: Affinity | None = None,
        seed: int = 0,
        growth: Growth | None = None,
    ) -> None:
        self._experts = tuple(sorted(experts))
        self._channel = channel
        self._seed = seed
        self._affinity = affinity
        self._growth = growth or Growth()
        self._views: dict[str, tuple[Evidence, Competence]] = {}  # by tenant, while it holds
        self.evidence = evidence
        self.offers: Mapping[str, Offer] = {}  # what experts cost, as far as that is known

    @property
    def evidence(self) -> Evidence:
        return self._competence.evidence

    @evidence.setter
    def evidence(self, evidence: Evidence) -> None:
        """Replace what is known; routes from here on use it."""
        known = Competence(evidence.over(self._experts), self._affinity)
        claimed = self._growth.claimed
        self._competence = Updated(known, claimed) if claimed.total else known
        self._ignorant = evidence.total + claimed.total == 0
        self._views.clear()
        self._pinned: dict[str, Route] = {}

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        """What each question needs, in order."""
        return await self._channel.needs(questions)

    async def route(self, question: Question, recruiting: Recruiting, tenant: str = "") -> Route:
        (needs,) = await self.needs([question])
        return self.recruit(question, needs, recruiting, tenant)

    def recruit(
        self, question: Question, needs: Needs, recruiting: Recruiting, tenant: str = ""
    ) -> Route:
        """The panel for a tenant's question whose needs are known. Same in, same out, for as long
        as no feedback is given."""
        (route,) = self.recruit_all([question], [needs], recruiting, tenant)
        return route

    def recruit_all(
        self,
        questions: Sequence[Question],
        needs: Sequence[Needs],
        recruiting: Recruiting,
        tenant: str = "",
    ) -> list[Route]:
        """The panels for many questions of one tenant, each the same as `recruit` gives, several
        times faster."""
        competence = self._believed(tenant)
        rankings = SCORES[recruiting.score](competence, needs)
        return [
            self._drawn(question, asked, ranking, recruiting, tenant)
            for question, asked, ranking in zip(questions, needs, rankings, strict=True)
        ]

    def _believed(self, tenant: str) -> Competence:
        """What is believed for a tenant's questions."""
        learned = self._growth.learned.of(tenant)
        if learned is None:
            return self._competence
        held = self._views.get(tenant)
        if held is None or held[0] is not learned:
            if len(self._views) >= VIEWS:
                self._views.clear()
            held = self._views[tenant] = (learned, Updated(self._competence, learned))
        return held[1]

    def _drawn(
        self,
        question: Question,
        needs: Needs,
        ranking: Ranking,
        recruiting: Recruiting,
        tenant: str,
    ) -> Route:
        ranking = charged(ranking.without(recruiting.barred), self.offers, recruiting.thrift)
        cutting = cut(ranking, recruiting.size, recruiting.sizing)
        dice = partial(dice_for, question.text, self._seed)
        panel = DRAWS[recruiting.draw](ranking, cutting.size, dice)
        if cutting.default:
            panel = (cutting.default, *(e for e in panel if e != cutting.default))[: cutting.size]
        seated = Seated(panel)
        if recruiting.draw == "top" and self._growth.explores(tenant):
            observed = self._believed(tenant).observed(needs).tolist()
            seated = explored(
                panel,
                ranking,
                dict(zip(self._experts, observed, strict=True)),
                self._growth.exploration,
                partial(dice_for, f"explore\0{tenant}\0{question.text}", self._seed),
            )
        panel, capped = within(seated.panel, ranking, self.offers, recruiting.thrift.most_dollars)
        skills = tuple(needs.skills.items())
        notes = (*recruiting.notes, *self._notes(needs, tenant), *cutting.notes, *capped)
        newcomer = seated.newcomer if seated.newcomer in panel else ""
        return Route(
            recruiting.policy,
            skills,
            panel,
            ranking,
            notes,
            explored=newcomer,
            propensity=seated.propensity,
        )

    def pinned(self, expert: str, tenant: str = "") -> Route:
        """The route of a question that names its expert."""
        known = self._believed(tenant)
        if known is not self._competence:
            return _alone(known, expert)
        if expert not in self._pinned:
            self._pinned[expert] = _alone(self._competence, expert)
        return self._pinned[expert]

    def _notes(self, needs: Needs, tenant: str) -> tuple[str, ...]:
        if self._ignorant and self._growth.learned.of(tenant) is None:
            return ("no evidence yet: all experts are believed equal; run `convene profile`",)
        if not needs.skills:
            return ("the question is like none seen: experts are judged by their overall record",)
        return ()


def _alone(competence: Competence, expert: str) -> Route:
    candidates = competence.candidates(NO_NEEDS)
    only = Ranking.of([candidate for candidate in candidates if candidate.expert == expert])
    return Route(expert, (), (expert,), only, ("the request names its expert",))
