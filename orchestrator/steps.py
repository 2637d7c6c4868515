"""What a deliberation wants next."""

from dataclasses import dataclass

from orchestrator.types import Verdict


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask these experts, all at once. A sampling policy may name one twice."""

    experts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conclude:
    """Have the aggregator write the verdict from these replies, most trusted first."""

    replies: tuple[tuple[str, float], ...]  # text, trust in 0..1
    writer: str | None = None  # who writes, where those who should have cannot for now
    bound: bool = False  # the vote may overrule what is written: none of it is told before that


@dataclass(frozen=True, slots=True)
class Compare:
    """Say which of these answers are the same; only open questions have answers to compare."""

    answers: tuple[str, ...]  # all different as strings, in the order of their experts


@dataclass(frozen=True, slots=True)
class Done:
    """The verdict is in."""

    verdict: Verdict


Step = Ask | Conclude | Compare | Done
