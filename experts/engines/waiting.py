"""The prompts that wait for an engine: per base and class, and fair between their calls."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from experts.engines.generation import Request
from experts.engines.scene import Demand, Line
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
class Queue:
    """One base's waiting calls of one class."""

    turns: deque[Call] = field(default_factory=deque)
    arrivals: dict[str, float] = field(default_factory=dict)  # by call id, oldest first
    prompts: int = 0
    turn: float = -math.inf  # of batch work: when some was last admitted

    @property
    def demand(self) -> Demand:
        return Demand(self.prompts, next(iter(self.arrivals.values())), self.turn)

    def take(self, before: float) -> tuple[Call, int, Request] | None:
        """The next prompt of those that arrived by then."""
        call = next((call for call in self.turns if call.arrived <= before), None)
        if call is None:
            return None
        self.turns.remove(call)
        place = next(iter(call.requests))
        request = call.requests.pop(place)
        if call.requests:
            self.turns.append(call)
        else:
            del self.arrivals[call.id]
        self.prompts -= 1
        return call, place, request

    def drop(self, call_id: str) -> int:
        """Forgets what waits of a call; how many prompts that was."""
        if self.arrivals.pop(call_id, None) is None:
            return 0
        call = next(call for call in self.turns if call.id == call_id)
        self.turns.remove(call)
        self.prompts -= len(call.requests)
        return len(call.requests)


@dataclass(slots=True)
class Waiting:
    """Calls take turns prompt by prompt, so one question does not wait behind a long call.

    Interactive calls pass batch calls. Where batch work is overdue the classes take turns, so
    that it is not passed for ever.
    """

    limit: int
    _queues: dict[str, dict[Priority, Queue]] = field(default_factory=dict)
    _prompts: int = 0
    _batch_next: bool = False  # of two classes that take turns

    def __len__(self) -> int:
        return self._prompts

    def add(self, call: Call) -> bool:
        """False, and nothing changes, if there is no room for the whole call."""
        if self._prompts + len(call.requests) > self.limit:
            return False
        if call.requests:
            classes = self._queues.setdefault(call.base, {})
            queue = classes.setdefault(call.priority, Queue())
            queue.turns.append(call)
            queue.arrivals[call.id] = call.arrived
            queue.prompts += len(call.requests)
            self._prompts += len(call.requests)
        return True

    def take(
        self, base: str, *, before: float = math.inf, batch: bool = True, overdue: float = -math.inf
    ) -> tuple[Call, int, Request] | None:
        """The next prompt for a base, its place in its call, and the call; of those that arrived
        by `before`. Batch calls that arrived by `overdue` are not passed by interactive ones."""
        queues = self._queues.get(base, {})
        for priority in self._classes(queues, overdue):
            if priority is Priority.BATCH and not batch:
                continue
            if (taken := queues[priority].take(before)) is not None:
                self._batch_next = priority is Priority.INTERACTIVE
                self._forget(base, 1)
                return taken
        return None

    def served(self, base: str, now: float) -> None:
        """Batch work of a base has had a turn: it is overdue again only after as long a wait. A
        file of thousands, all of one age, would else go before everybody once it is overdue."""
        queue = self._queues.get(base, {}).get(Priority.BATCH)
        if queue is not None:
            queue.turn = now

    def take_all(self, base: str) -> Iterator[tuple[Call, int, Request]]:
        """Everything that waits for a base."""
        while (taken := self.take(base)) is not None:
            yield taken

    def drop(self, call_id: str) -> None:
        """Forgets what waits of a call, if anything does."""
        for base, queues in list(self._queues.items()):
            for queue in list(queues.values()):
                self._forget(base, queue.drop(call_id))

    @property
    def bases(self) -> Iterable[str]:
        """Those that somebody waits for."""
        return self._queues.keys()

    def lines(self) -> dict[str, Line]:
        """What waits, per base and class."""
        return {
            base: {priority: queue.demand for priority, queue in queues.items()}
            for base, queues in self._queues.items()
        }

    def counts(self) -> dict[str, int]:
        """Prompts waiting per base."""
        return {
            base: sum(q.prompts for q in queues.values()) for base, queues in self._queues.items()
        }

    @property
    def batch(self) -> int:
        """Prompts of batch calls."""
        found = (queues.get(Priority.BATCH) for queues in self._queues.values())
        return sum(queue.prompts for queue in found if queue is not None)

    def _classes(self, queues: dict[Priority, Queue], overdue: float) -> list[Priority]:
        """The classes that wait, in the order in which they are looked at."""
        ordered = [priority for priority in Priority if priority in queues]
        late = Priority.BATCH in queues and queues[Priority.BATCH].demand.since <= overdue
        return ordered[::-1] if late and self._batch_next else ordered

    def _forget(self, base: str, prompts: int) -> None:
        self._prompts -= prompts
        queues = self._queues[base]
        for priority in [priority for priority, queue in queues.items() if not queue.prompts]:
            del queues[priority]
        if not queues:
            del self._queues[base]
