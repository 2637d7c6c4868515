"""Evaluation: recorded answers replayed through the deliberation that production runs.

Evidence comes from one part of the questions, results from another; nothing is tuned on the
part that is reported.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experts.recordings import Recording
from experts.types import Answer
from orchestrator.agreement import Likeness, MeaningComparer
from orchestrator.ballots import Ballots
from orchestrator.errors import OrchestratorError, PanelFailed
from orchestrator.grading import as_evidence, is_right, open_answers, question_of, score_of
from orchestrator.lessons import Lessons
from orchestrator.policies import Policy
from orchestrator.replay import UNKNOWN, replay
from routing.encoder import Encoder
from routing.profile import Profile
from routing.router import Router
from routing.types import Needs

Progress = Callable[[str, int, int], None]  # what is done, how much of it, out of how much


class NothingToEvaluate(OrchestratorError):  # noqa: N818 - named for the state it reports
    """The files hold no question to report on, or none that can be graded."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a policy did. Accuracy is the mean score, 0..1; calls and dollars are per question."""

    accuracy: float
    ci95: tuple[float, float]
    calls: float
    cost_usd: float | None  # None where some asked reply has no known cost
    questions: int


@dataclass(frozen=True, slots=True)
class Report:
    """Every policy's result, and the two lines everyone is measured against."""

    policies: Mapping[str, Result]
    experts: Mapping[str, float]  # each alone, on the same questions
    oracle: float  # some expert is right
    skipped: int  # questions that no score and no gold answer can grade

    @property
    def best_single(self) -> float:
        """The best expert alone, picked with hindsight on the reported questions."""
        return max(self.experts.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "policies": {name: asdict(result) for name, result in self.policies.items()},
            "best_single": self.best_single,
            "best_single_expert": max(self.experts, key=lambda name: self.experts[name]),
            "oracle": self.oracle,
            "experts": dict(self.experts),
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True)
class Splits:
    """Questions to learn from, and questions to report on."""

    evidence: tuple[Recording, ...]
    test: tuple[Recording, ...]
    skipped: int

    @classmethod
    def of(cls, recordings: Iterable[Recording], evidence: Sequence[str]) -> "Splits":
        """Raises `NothingToEvaluate`. A question that cannot be graded is left out."""
        listed = list(recordings)
        gradable = [r for r in listed if any(score_of(r, e) is not None for e in r.replies)]
        test = tuple(r for r in gradable if r.split == "test")
        if not test:
            found = sorted({str(r.split) for r in listed}) or ["no questions at all"]
            raise NothingToEvaluate(
                "no question has split 'test' with a 'gold' answer or a 'score'; "
                f"splits in the files: {', '.join(found)}"
            )
        return cls(
            tuple(r for r in gradable if r.split in evidence), test, len(listed) - len(gradable)
        )


async def evaluate(
    splits: Splits,
    policies: Mapping[str, Policy],
    encoder: Encoder,
    progress: Progress = lambda *_: None,
    comparer: MeaningComparer | None = None,
) -> Report:
    """Replay every policy over the test questions. Without a comparer open answers are the same
    by what is written alone."""
    experts = sorted({name for r in (*splits.evidence, *splits.test) for name in r.replies})
    progress("embedding questions", 0, 1)
    profile = await Profile.of(map(as_evidence, splits.evidence), encoder)
    channel = profile.channel(encoder)
    router = Router(experts, channel, profile.evidence, profile.affinity(experts))
    needs = await router.needs([question_of(r) for r in splits.test])
    progress("embedding questions", 1, 1)
    ballots = Ballots.of(splits.evidence, experts)
    lessons = Lessons.of(profile, ballots)
    compared = [open_answers(r) for r in splits.test]
    likeness = await comparer.likeness(compared) if comparer else UNKNOWN
    results = {}
    for done, (name, policy) in enumerate(policies.items(), start=1):
        results[name] = _result(splits.test, needs, router, policy, lessons, likeness)
        progress("replaying policies", done, len(policies))
    return Report(results, _alone(splits.test, experts), _oracle(splits.test), splits.skipped)


def wilson(mean: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson 1927), which stays inside 0..1."""
    centre = (mean + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(mean * (1 - mean) / count + (z / count / 2) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def _result(
    test: Sequence[Recording],
    needs: Sequence[Needs],
    router: Router,
    policy: Policy,
    lessons: Lessons,
    likeness: Likeness,
) -> Result:
    scores, calls, costs = [], 0, []
    for recording, needed in zip(test, needs, strict=True):
        route = router.recruit(question_of(recording), needed, policy.recruiting)
        try:
            verdict = replay(recording, route, policy, lessons, likeness)
        except PanelFailed as failed:
            scores.append(0.0)
            calls += len(failed.failures)
            continue
        scores.append(_score(recording, verdict.author, verdict.answer))
        calls += verdict.calls
        costs += [r.usage.cost_usd for r in verdict.replies if isinstance(r, Answer)]
    mean = sum(scores) / len(scores)
    known = [cost for cost in costs if cost is not None]
    cost = sum(known) / len(test) if costs and len(known) == len(costs) else None
    return Result(mean, wilson(mean, len(test)), calls / len(test), cost, len(test))


def _score(recording: Recording, author: str, answer: str | None) -> float:
    """The author's own score where the file has one, else the verdict against gold."""
    if recording.replies[author].score is None and recording.gold is not None:
        return float(is_right(answer, recording))
    return score_of(recording, author) or 0.0


def _alone(test: Sequence[Recording], experts: Sequence[str]) -> dict[str, float]:
    return {expert: sum(score_of(r, expert) or 0.0 for r in test) / len(test) for expert in experts}


def _oracle(test: Sequence[Recording]) -> float:
    return sum(max(score_of(r, expert) or 0.0 for expert in r.replies) for r in test) / len(test)
