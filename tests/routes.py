"""Routes and small services for tests, built without evidence or an encoder."""

from collections.abc import Mapping, Sequence

from experts.base import Expert
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES, Policy
from orchestrator.service import Service
from orchestrator.telemetry import Observer, unobserved
from routing.evidence import Evidence, Outcome
from routing.router import Router
from routing.types import Candidate, Needs, Question, Ranking, Route


def route_of(competence: Mapping[str, float], panel: Sequence[str] | None = None) -> Route:
    """A route over these experts; its panel is all of them in this order unless told."""
    ranking = Ranking.of([Candidate(name, value, value) for name, value in competence.items()])
    return Route("test", (), tuple(competence if panel is None else panel), ranking)


class NoSkills:
    """A skill channel that knows nothing."""

    async def needs(self, questions: Sequence[Question]) -> list[Needs]:
        return [Needs({}) for _ in questions]


def service_of(
    experts: Mapping[str, Expert],
    aggregator: Expert | None = None,
    policies: Mapping[str, Policy] = POLICIES,
    lessons: Lessons = UNTAUGHT,
    observer: Observer = unobserved,
) -> Service:
    """A service whose experts are the better the earlier they are named."""
    outcomes = [
        Outcome(name, "any", score)
        for place, name in enumerate(experts)
        for score in [1.0] * (12 - place) + [0.0] * (2 + place)
    ]
    router = Router(tuple(experts), NoSkills(), Evidence.of(outcomes))
    return Service(Panel(experts, aggregator), router, policies, lessons, observer=observer)
