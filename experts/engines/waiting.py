"""The prompts that wait for an engine: per base, and fair between the calls that brought them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from experts.engines.generation import Request
from experts.types import Priority


@dataclass(slots=True)
class Call:
    """Prompts that were asked together, all for one base."""

    id: str
    base: str
    arrived: float
    requests: dict[int, Request]  # not in the engine yet, by their place in the call
    streaming: bool = False
    priority: Priority = Priority.INTERACTIVE


@dataclass(slots=True)
class Line:
    """One base's waiting calls."""

    turns: deque[Call] = field(default_factory=deque)
    arrivals: dict[str, float] = field(default_factory=dict)  # by call id, oldest first
    prompts: int = 0


@dataclass(slots=True)
class Waiting:
    """Calls take turns prompt by prompt, so one question does not wait behind a long batch."""

    limit: int
    _lines: dict[str, Line] = field(default_factory=dict)
    _prompts: int = 0

    def __len__(self) -> int:
        return self._prompts

    def add(self, call: Call) -> bool:
        """False, and nothing changes, if there is no room for the whole call."""
        if self._prompts + len(call.requests) > self.limit:
            return False
        if call.requests:
            line = self._lines.setdefault(call.base, Line())
            line.turns.append(call)
            line.arrivals[call.id] = call.arrived
            self._count(call.base, len(call.requests))
        return True

    def take(self, base: str) -> tuple[Call, int, Request] | None:
        """The next prompt for a base, its place in its call, and the call."""
        line = self._lines.get(base)
        if line is None:
            return None
        call = line.turns.popleft()
        place = next(iter(call.requests))
        request = call.requests.pop(place)
        if call.requests:
            line.turns.append(call)
        else:
            del line.arrivals[call.id]
        self._count(base, -1)
        return call, place, request

    def take_all(self, base: str) -> Iterator[tuple[Call, int, Request]]:
        """Everything that waits for a base."""
        while (taken := self.take(base)) is not None:
            yield taken

    def drop(self, call_id: str) -> None:
        """Forgets what waits of a call, if anything does."""
        for base, line in list(self._lines.items()):
            if line.arrivals.pop(call_id, None) is not None:
                call = next(call for call in line.turns if call.id == call_id)
                line.turns.remove(call)
                self._count(base, -len(call.requests))

    def oldest(self) -> dict[str, float]:
        """When the longest-waiting call of each base arrived."""
        return {base: next(iter(line.arrivals.values())) for base, line in self._lines.items()}

    def counts(self) -> dict[str, int]:
        """Prompts waiting per base."""
        return {base: line.prompts for base, line in self._lines.items()}

    def _count(self, base: str, prompts: int) -> None:
        line = self._lines[base]
        line.prompts += prompts
        self._prompts += prompts
        if not line.prompts:
            del self._lines[base]
