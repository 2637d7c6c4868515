"""Takes down one deliberation while it runs, and tells the observer when it is over."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from experts.errors import ExpertError
from experts.types import Answer, Cause, Reply, Usage
from orchestrator.errors import OutOfTime, PanelFailed, QuestionTooLong
from orchestrator.telemetry.events import (
    Call,
    DeliberationFinished,
    Mode,
    Observer,
    Role,
    unobserved,
)
from orchestrator.types import Verdict

OUTCOMES: dict[type[BaseException], str] = {  # the first that fits
    QuestionTooLong: "too_long",
    PanelFailed: "panel_failed",
    ExpertError: "expert_failed",
    asyncio.CancelledError: "cancelled",
    GeneratorExit: "cancelled",
}


@dataclass(slots=True)
class Asking:
    """A call under way. Whoever makes it leaves the reply here."""

    reply: Reply | None = None


@dataclass(slots=True, eq=False)
class Watch:
    """One deliberation as it goes. The driver says what it does; times are taken here."""

    observer: Observer = unobserved
    policy: str = "auto"
    mode: Mode = "plain"
    routing: float = 0.0  # seconds
    began: float = field(default_factory=time.time)
    _start: float = field(default_factory=time.perf_counter)
    _first_text: float | None = None
    _calls: list[Call] = field(default_factory=list)

    @property
    def now(self) -> float:
        """Seconds since the deliberation began."""
        return time.perf_counter() - self._start

    def start(self) -> None:
        """Begin again, for a question that was prepared before its turn came."""
        self.began, self._start = time.time(), time.perf_counter()

    def routed(self) -> None:
        """It is known who is to be asked."""
        self.routing = self.now

    def showed_text(self) -> None:
        """There is text for the user, now or since before."""
        if self._first_text is None:
            self._first_text = self.now

    @contextmanager
    def asking(self, expert: str, role: Role = "panel") -> Iterator[Asking]:
        """Around one call. What leaves without a reply was cancelled, or failed."""
        began, asking, outcome = self.now, Asking(), "cancelled"
        try:
            yield asking
        except OutOfTime:  # in the middle of a sentence
            outcome = Cause.TIMEOUT.value
            raise
        except Exception as error:
            outcome = error.cause.value if isinstance(error, ExpertError) else "failed"
            raise
        finally:
            if asking.reply is not None:
                self.called(asking.reply, began, role)
            else:
                seconds = self.now - began
                self._calls.append(Call(expert, role, began, seconds, seconds, outcome))

    def called(self, reply: Reply, began: float, role: Role = "panel") -> None:
        """A reply is in that was asked for when the watch showed `began`."""
        outcome, usage = (
            ("answered", reply.usage) if isinstance(reply, Answer) else (reply.cause.value, Usage())
        )
        seconds = self.now - began
        self._calls.append(Call(reply.expert, role, began, seconds, reply.seconds, outcome, usage))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around the deliberation: what is raised ends it."""
        try:
            yield
        except BaseException as error:
            self.ended(error)
            raise

    def answered(self, verdict: Verdict) -> None:
        """There is a verdict."""
        self._tell("answered", verdict.usage, verdict)

    def ended(self, error: BaseException) -> None:
        """There is no verdict, for this reason."""
        kinds = (name for kind, name in OUTCOMES.items() if isinstance(error, kind))
        usage = sum((call.usage for call in self._calls), Usage())
        self._tell(next(kinds, "failed"), usage)

    def _tell(self, outcome: str, usage: Usage, verdict: Verdict | None = None) -> None:
        self.observer(
            DeliberationFinished(
                policy=self.policy,
                mode=self.mode,
                outcome=outcome,
                began=self.began,
                seconds=self.now,
                routing=self.routing,
                first_text=self._first_text,
                calls=tuple(self._calls),
                usage=usage,
                author=verdict.author if verdict else None,
                aggregator=verdict.aggregator if verdict else None,
                confidence=verdict.confidence if verdict else None,
                agreement=verdict.agreement if verdict else None,
                replaced=tuple(expert for expert, _ in verdict.replaced) if verdict else (),
            )
        )
