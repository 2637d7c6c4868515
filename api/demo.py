"""The main job on the built-in specialists: who is right alone, and what the panel makes of it."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from api.running import Service
from experts.recordings import Recording
from experts.types import Answer, Prompt
from orchestrator.grading import is_right, score_of
from orchestrator.profiling import profile
from orchestrator.types import Request, Verdict

Progress = Callable[[str, int, int], None]  # what is under way, how much is done, out of how much
EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Example:
    """One question's way through the panel."""

    question: str
    gold: str
    skills: dict[str, float]
    replies: dict[str, str]  # expert -> reply
    verdict: str
    right: bool
    aggregator: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Demo:
    """Accuracies are shares of the questions, 0..1; calls are LLM calls per question."""

    experts: dict[str, float]
    best_single: float
    panel: float
    oracle: float
    calls: float
    questions: int
    seconds: float  # every expert alone, then the panel; starting up is not in it
    panel_seconds: float
    examples: tuple[Example, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def demonstrate(service: Service, questions: Sequence[Recording], progress: Progress) -> Demo:
    """Ask every expert everything, then let the panel answer."""
    started = perf_counter()
    answered = await profile(
        service, questions, service.experts, lambda done, of: progress("experts alone", done, of)
    )
    alone = {
        expert: sum(score_of(r, expert) or 0.0 for r in answered) / len(answered)
        for expert in service.experts
    }
    panel_started = perf_counter()
    verdicts = await _panel(service, questions, progress)
    ended = perf_counter()
    right = [_right(q, v) for q, v in zip(questions, verdicts, strict=True)]
    return Demo(
        experts=alone,
        best_single=max(alone.values()),
        panel=sum(right) / len(right),
        oracle=sum(any(score_of(r, e) for e in alone) for r in answered) / len(answered),
        calls=sum(v.calls for v in verdicts if v) / len(verdicts),
        questions=len(questions),
        seconds=ended - started,
        panel_seconds=ended - panel_started,
        examples=_examples(questions, verdicts),
    )


async def _panel(
    service: Service, questions: Sequence[Recording], progress: Progress
) -> list[Verdict | None]:
    requests = [Request(Prompt.of(q.question), "auto", q.options) for q in questions]
    verdicts: list[Verdict | None] = [None] * len(requests)
    done = 0
    async with aclosing(service.answer_all(requests)) as answers:
        async for place, verdict in answers:
            verdicts[place] = verdict if isinstance(verdict, Verdict) else None
            done += 1
            progress("the panel", done, len(requests))
    return verdicts


def _right(question: Recording, verdict: Verdict | None) -> bool:
    return verdict is not None and is_right(verdict.answer, question)


def _examples(
    questions: Sequence[Recording], verdicts: Sequence[Verdict | None]
) -> tuple[Example, ...]:
    """Each of another skill; those the experts disagreed on first, because they show the most."""
    answered = [(q, v) for q, v in zip(questions, verdicts, strict=True) if v]
    shown: dict[str, Example] = {}
    for question, verdict in sorted(answered, key=lambda item: item[1].agreement):
        if len(shown) < EXAMPLES:
            shown.setdefault(str(question.category), _example(question, verdict))
    return tuple(shown.values())


def _example(question: Recording, verdict: Verdict) -> Example:
    return Example(
        question=question.question,
        gold=str(question.gold),
        skills=dict(verdict.route.skills),
        replies={
            r.expert: r.text if isinstance(r, Answer) else f"({r.cause}: {r.message})"
            for r in verdict.replies
        },
        verdict=verdict.text,
        right=_right(question, verdict),
        aggregator=verdict.aggregator,
        confidence=verdict.confidence,
    )
