"""Profiling: every expert answers labelled questions, and its answers become evidence."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from experts.recordings import RecordedReply, Recording
from experts.types import Prompt
from orchestrator.errors import OrchestratorError
from orchestrator.grading import is_right
from orchestrator.types import Control, Request, Verdict

Counter = Callable[[int, int], None]  # how many are done, out of how many


class AnswersAll(Protocol):
    """What profiling needs of a service."""

    def answer_all(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[tuple[int, Verdict | OrchestratorError], None]: ...


async def profile(
    service: AnswersAll,
    labelled: Sequence[Recording],
    experts: Sequence[str],
    count: Counter = lambda *_: None,
) -> list[Recording]:
    """The labelled questions with every expert's answer and score filled in.

    An expert that failed on a question has no reply there: an outage says nothing about skill,
    and nobody stands in.
    """
    requests = [
        Request(
            Prompt.of(question.question),
            expert,
            question.options,
            Control(allow=frozenset({expert})),
        )
        for expert in experts
        for question in labelled
    ]
    replies: list[dict[str, RecordedReply]] = [dict(question.replies) for question in labelled]
    done = 0
    async with aclosing(service.answer_all(requests)) as verdicts:
        async for place, verdict in verdicts:
            which = place % len(labelled)
            if isinstance(verdict, Verdict):
                replies[which][requests[place].model] = graded_reply(labelled[which], verdict)
            done += 1
            count(done, len(requests))
    return [replace(q, replies=r) for q, r in zip(labelled, replies, strict=True)]


def graded_reply(question: Recording, verdict: Verdict) -> RecordedReply:
    """A verdict as a recorded reply, scored where the right answer is known."""
    score = None if question.gold is None else float(is_right(verdict.answer, question))
    return RecordedReply(verdict.answer, score, verdict.usage.cost_usd, verdict.text)
