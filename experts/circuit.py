"""Whether somebody who keeps failing is asked: a circuit breaker as a state machine. No clock.

closed -> open          after failures in a row, or too large a share of the last calls
open -> half-open       once its time is over: one call, the probe, finds out
half-open -> closed     the probe was answered
half-open -> open       it was not; for longer than before
"""

from dataclasses import dataclass, replace
from enum import IntEnum

MOST_ASKED_FOR = 600.0  # seconds that a backend's own word can keep its circuit open
PROBING = 1.0  # seconds after which to look again while a probe is out


class State(IntEnum):
    CLOSED = 0  # it is asked
    HALF_OPEN = 1  # one call may find out whether it works again, or does so now
    OPEN = 2  # it is not asked


@dataclass(frozen=True, slots=True)
class Tripping:
    """When a circuit opens, and for how long."""

    failures: int = 5  # in a row
    share: float = 0.5  # of the last `window` calls
    window: int = 20
    pause: float = 5.0  # seconds; doubled each time a probe fails
    longest: float = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit at one moment. Calls under way when it opens change nothing by how they end:
    only the probe speaks for what came after."""

    tripping: Tripping = Tripping()
    recent: tuple[bool, ...] = ()  # whether each of the last calls failed; those before went well
    opened: int = 0  # times that it opened since it was last closed
    until: float = 0.0  # seconds, when it may be probed
    probing: bool = False

    def state(self, now: float) -> State:
        if not self.opened:
            return State.CLOSED
        return State.OPEN if now < self.until else State.HALF_OPEN

    def wait(self, now: float) -> float:
        """Seconds after which to ask again; 0: a call may be made now."""
        if not self.opened:
            return 0.0
        return max(self.until - now, PROBING if self.probing else 0.0, 0.0)

    def asked(self) -> "Circuit":
        """A call is made, as `wait` permits. Of one that is not closed it is the probe."""
        return replace(self, probing=True) if self.opened else self

    def abandoned(self) -> "Circuit":
        """The probe ended and nobody knows how."""
        return replace(self, probing=False)

    def succeeded(self, *, probe: bool = False) -> "Circuit":
        if self.opened:
            return Circuit(self.tripping) if probe else self
        if not self.recent:
            return self
        recent = self._with(failed=False)
        return replace(self, recent=recent if any(recent) else ())

    def failed(
        self, now: float, jitter: float, asked_for: float | None = None, *, probe: bool = False
    ) -> "Circuit":
        """`jitter` in 0..1 spreads the probes of those that failed together. A backend that says
        when to come back, `asked_for` seconds from now, is not asked before."""
        wanted = now + min(asked_for or 0.0, MOST_ASKED_FOR)
        if self.opened and not probe:
            return replace(self, until=max(self.until, wanted))
        recent = self._with(failed=True)
        if not probe and asked_for is None and not self._trips(recent):
            return replace(self, recent=recent)
        if asked_for is None:
            pause = self.tripping.pause * 2.0 ** min(self.opened, 32)
            wanted = now + min(self.tripping.longest, pause) * (1 + jitter) / 2
        return Circuit(self.tripping, opened=self.opened + 1, until=wanted)

    def _with(self, *, failed: bool) -> tuple[bool, ...]:
        return (*self.recent, failed)[-self.tripping.window :]

    def _trips(self, recent: tuple[bool, ...]) -> bool:
        rules = self.tripping
        in_a_row = len(recent) >= rules.failures and all(recent[-rules.failures :])
        return in_a_row or sum(recent) >= rules.share * rules.window
