"""Keeps calls from an expert whose circuit is open, and its circuit informed."""

import asyncio
import logging
import random
from contextlib import AbstractContextManager

from experts.circuit import Circuit, State
from experts.errors import BackendUnavailable, CircuitOpen, ExpertError

logger = logging.getLogger(__name__)
WORDS = {
    State.CLOSED: "answers again",
    State.HALF_OPEN: "is asked once, to find out whether it answers again",
    State.OPEN: "keeps failing and is not asked for a while",
}


class Breaker:
    """The circuit of one expert, in this process."""

    def __init__(self, expert: str, circuit: Circuit | None = None) -> None:
        self.expert = expert
        self._circuit = circuit or Circuit()
        self._random = random.Random()
        self._told = State.CLOSED

    @property
    def state(self) -> State:
        return self._circuit.state(_now())

    @property
    def wait(self) -> float:
        """Seconds until it may be asked; 0: now."""
        return self._circuit.wait(_now())

    def call(self) -> "Call":
        """Around one call. Raises `CircuitOpen` in place of making it."""
        if not self._circuit.opened:
            return Call(self, probe=False)
        if wait := self._circuit.wait(_now()):
            raise CircuitOpen(wait)
        self._now_is(self._circuit.asked())
        return Call(self, probe=True)

    def succeeded(self, *, probe: bool) -> None:
        self._now_is(self._circuit.succeeded(probe=probe))

    def failed(self, asked_for: float | None, *, probe: bool) -> None:
        jitter = self._random.random()
        self._now_is(self._circuit.failed(_now(), jitter, asked_for, probe=probe))

    def abandoned(self) -> None:
        """A probe ended and nobody knows how."""
        self._now_is(self._circuit.abandoned())

    def _now_is(self, circuit: Circuit) -> None:
        if circuit is self._circuit:
            return
        self._circuit, state = circuit, circuit.state(_now())
        if state is not self._told:
            self._told = state
            extra = {"action": f"circuit_{state.name.lower()}", "expert": self.expert}
            level = logging.WARNING if state is State.OPEN else logging.INFO
            logger.log(level, "%s %s", self.expert, WORDS[state], extra=extra)


class Call(AbstractContextManager["Call"]):
    """A call under way. A stream says that its backend works with its first chunk already."""

    def __init__(self, breaker: Breaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._succeeded = False
        self._probe = probe

    def works(self) -> None:
        if not self._succeeded:
            self._succeeded = True
            self._breaker.succeeded(probe=self._probe)
            self._probe = False

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """What the prompt itself is to blame for speaks for the backend: it answered."""
        if isinstance(error, BackendUnavailable):
            self._breaker.failed(error.retry_after, probe=self._probe)
        elif error is None or isinstance(error, ExpertError):
            self.works()
        elif self._probe:
            self._breaker.abandoned()


def _now() -> float:
    return asyncio.get_running_loop().time()
