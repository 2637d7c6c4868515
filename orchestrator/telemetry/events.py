"""The values that observers are told. None holds a prompt, a reply or an error's message."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from experts.types import Usage

Mode = Literal["plain", "stream", "batch"]
Role = Literal["panel", "aggregator"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call to an expert, an aggregator's too."""

    expert: str
    role: Role
    began: float  # seconds since the deliberation began; in a batch, when it was put in line
    seconds: float  # until the reply was there
    answering: float  # seconds of those that the expert was at work, as it says itself
    outcome: str  # answered, a `Cause`, cancelled or failed (a bug)
    usage: Usage = field(default_factory=Usage)

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def queued(self) -> float:
        """Seconds before the expert was at work; all of them where it never said."""
        return max(0.0, self.seconds - self.answering)


@dataclass(frozen=True, slots=True)
class DeliberationFinished:
    """One question is done with. `policy` is a policy's name, or `pinned` for an expert asked for
    by name; `outcome` is answered, panel_failed, too_long, expert_failed, cancelled or failed."""

    policy: str
    mode: Mode
    outcome: str
    began: float  # seconds since the epoch
    seconds: float
    routing: float  # seconds; 0 in a batch, whose questions are routed together
    first_text: float | None  # seconds until there was text to show; None if not streamed
    calls: tuple[Call, ...]
    usage: Usage  # of all calls
    author: str | None = None  # this and the following: None where there is no verdict
    aggregator: str | None = None
    confidence: float | None = None
    agreement: float | None = None
    replaced: tuple[str, ...] = ()  # who failed and was replaced, of questions with a verdict

    @property
    def overhead(self) -> float:
        """Seconds in which no expert was being asked: all that the service itself took."""
        return max(0.0, self.seconds - covered([(c.began, c.ended) for c in self.calls]))


class Observer(Protocol):
    """Hears events. Called in the request's own task, so it returns within microseconds, awaits
    nothing and ignores events it does not know."""

    def __call__(self, event: Any, /) -> None: ...


def unobserved(_event: object) -> None:
    """For a service that nobody observes."""


def covered(intervals: Sequence[tuple[float, float]]) -> float:
    """The length of the union of (begin, end) pairs."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
