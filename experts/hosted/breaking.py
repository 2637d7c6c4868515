"""Keeps calls from an expert whose circuit is open, and its circuit informed."""

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager

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
        self._expert = expert
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

    @contextmanager
    def call(self) -> Iterator["Call"]:
        """Around one call. Raises `CircuitOpen` in place of making it. What the prompt itself is
        to blame for speaks for the backend: it answered."""
        if wait := self.wait:
            raise CircuitOpen(wait)
        call = Call(self, probe=self.state is not State.CLOSED)
        self._now_is(self._circuit.asked())
        try:
            yield call
        except BackendUnavailable as error:
            jitter, asked_for = self._random.random(), error.retry_after
            self._now_is(self._circuit.failed(_now(), jitter, asked_for, probe=call.probe))
            raise
        except ExpertError:
            call.works()
            raise
        except BaseException:
            if call.probe:
                self._now_is(self._circuit.abandoned())
            raise
        call.works()

    def succeeded(self, *, probe: bool) -> None:
        self._now_is(self._circuit.succeeded(probe=probe))

    def _now_is(self, circuit: Circuit) -> None:
        self._circuit, state = circuit, circuit.state(_now())
        if state is not self._told:
            self._told = state
            extra = {"action": f"circuit_{state.name.lower()}", "expert": self._expert}
            level = logging.WARNING if state is State.OPEN else logging.INFO
            logger.log(level, "%s %s", self._expert, WORDS[state], extra=extra)


class Call:
    """A call under way. A stream says that its backend works with its first chunk already."""

    def __init__(self, breaker: Breaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._succeeded = False
        self.probe = probe

    def works(self) -> None:
        if not self._succeeded:
            self._succeeded = True
            self._breaker.succeeded(probe=self.probe)
            self.probe = False


def _now() -> float:
    return asyncio.get_running_loop().time()
