"""Policies replayed over recorded answers, by the very code that production runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from experts.recordings import Recording
from experts.types import Answer, Reply
from orchestrator.agreement import Likeness
from orchestrator.errors import PanelFailed
from orchestrator.evaluation.outcomes import Kind, Method, Outcome
from orchestrator.evaluation.table import Table
from orchestrator.grading import question_of
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.plan import MOST_CALLS, MOST_EXPERTS, WORTH
from orchestrator.policies import POLICIES, Policy, planned, voting
from orchestrator.replay import UNKNOWN, replay
from routing.router import Recruiting, Router
from routing.types import Needs, Route

AUTO = "auto"
WIDEST = 7  # experts; panels of these methods are not larger, except everyone's
SERVED = "as served"  # the setting of `auto` that nobody has to choose
BUDGETS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0)  # calls a question
# Where nothing was rehearsed: panel size and confidence rise together.
PATH = ((1, 0.5), (2, 0.6), (3, 0.6), (3, 0.7), (3, 0.8), (3, 0.9), (5, 0.9), (7, 0.95))


def served(lessons: Lessons) -> Policy:
    """`auto` as it is served where nobody configured it."""
    plans = lessons.plans
    return planned(plans.within(MOST_CALLS, MOST_EXPERTS, WORTH) if plans else None)


def frontier(lessons: Lessons) -> dict[str, Policy]:
    """`auto` at each of its budgets, by the plan that the evidence speaks for at that budget."""
    plans = lessons.plans
    if plans is None:
        steps = {f"{size} at {sure:g}": planned(None, size, sure) for size, sure in PATH}
    else:
        steps = {f"{calls:g} calls": planned(plans.within(calls)) for calls in BUDGETS}
    return {SERVED: served(lessons), **steps}


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """Test questions with the router that knows the evidence. What policies have in common is
    worked out once: the routes of those that recruit alike, the verdicts of those that differ by
    name."""

    recordings: Sequence[Recording]
    table: Table  # of the same questions
    router: Router
    needs: Sequence[Needs]
    lessons: Lessons = UNTAUGHT
    likeness: Likeness = UNKNOWN  # of open answers
    _routes: dict[Recruiting, list[Route]] = field(default_factory=dict)
    _outcomes: dict[tuple[Policy, bool], Outcome] = field(default_factory=dict)

    def outcome(self, policy: Policy, *, taught: bool = True) -> Outcome:
        """The policy's verdicts, graded. Lessons are ours: a baseline goes without."""
        recruiting = replace(policy.recruiting, policy="", notes=())
        nameless = replace(voting(policy), recruiting=recruiting)
        known = nameless, taught
        if known not in self._outcomes:
            routes = self._drawn(nameless.recruiting)
            pairs = enumerate(zip(self.recordings, routes, strict=True))
            lessons = self.lessons if taught else UNTAUGHT
            rows = [self._graded(i, *pair, nameless, lessons) for i, pair in pairs]
            self._outcomes[known] = Outcome(*np.array(rows, np.float64).reshape(-1, 4).T)
        return self._outcomes[known]

    def baselines(self, sizes: Sequence[int]) -> list[Method]:
        """The baselines that route by skills: they share the router's view of a question."""
        symbolic = POLICIES["symbolic-moe"]
        sharp = replace(symbolic, recruiting=replace(symbolic.recruiting, draw="top"))
        panels = {
            "skill top-k vote": POLICIES["vote"],
            "symbolic-moe": symbolic,
            "symbolic-moe, deterministic": sharp,
        }
        return [self._method(name, policy, sizes) for name, policy in panels.items()]

    def _method(self, name: str, policy: Policy, sizes: Sequence[int]) -> Method:
        settings = {}
        for size in sizes:
            sized = replace(policy, recruiting=replace(policy.recruiting, size=size))
            settings[f"top {size}"] = self.outcome(sized, taught=False)
        return Method(name, Kind.BASELINE, settings)

    def _drawn(self, recruiting: Recruiting) -> list[Route]:
        widest = recruiting
        if recruiting.draw == "top":  # a smaller panel is the beginning of a larger one
            widest = replace(recruiting, size=max(recruiting.size, WIDEST))
        if widest not in self._routes:
            questions = [question_of(recording) for recording in self.recordings]
            self._routes[widest] = self.router.recruit_all(questions, self.needs, widest)
        if widest == recruiting:
            return self._routes[widest]
        return [replace(r, panel=r.panel[: recruiting.size]) for r in self._routes[widest]]

    def _graded(
        self, row: int, recording: Recording, route: Route, policy: Policy, lessons: Lessons
    ) -> tuple[float, float, float, float]:
        try:
            verdict = replay(recording, route, policy, lessons, self.likeness)
        except PanelFailed as failed:
            return 0.0, float(len(failed.failures)), 0.0, 0.0
        author = self.table.experts.index(verdict.author)
        score = float(np.nan_to_num(self.table.scores[row, author]))  # its answer is the verdict's
        return score, verdict.calls, _dollars(verdict.replies), verdict.confidence


def _dollars(replies: Sequence[Reply]) -> float:
    """NaN where some reply's price is not known; a failed call costs nothing."""
    costs = [r.usage.cost_usd for r in replies if isinstance(r, Answer)]
    return sum(np.nan if cost is None else cost for cost in costs)
