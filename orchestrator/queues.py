"""Who is asked in a batch, in groups: one queue for each expert, the aggregator, the comparer."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from experts.types import Prompt, Reply
from orchestrator.agreement import Comparer
from orchestrator.agreement.comparer import Alike
from orchestrator.panel import Panel

Asked = TypeVar("Asked")
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a batch."""

    live: int = 2048  # questions that deliberate at once
    group: int = 256  # prompts of a group
    groups: int = 32  # of one queue in flight; the first ones of a batch are small
    prompts: int = 8192  # in flight over all queues: fewer than an engine lets wait


@dataclass(slots=True, eq=False)
class Queue(Generic[Asked, Told]):
    """Gathers what is to be asked until it may go: who is busy gets it in larger groups."""

    ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Told]]]
    order: Callable[[Asked], Any] | None = None  # within a group
    waiting: deque[tuple[Asked, Callable[[Told], None]]] = field(default_factory=deque)
    groups: int = 0  # in flight
    prompts: int = 0  # in flight

    def add(self, asked: Asked, tell: Callable[[Told], None]) -> None:
        self.waiting.append((asked, tell))

    def leave(self, limits: Limits, prompts: int) -> "Group[Asked, Told] | None":
        """The next group, if any may go while `prompts` are in flight over all queues."""
        most = min(limits.group, limits.prompts - prompts, len(self.waiting))
        if most <= 0 or self.groups >= limits.groups:
            return None
        errands = [self.waiting.popleft() for _ in range(most)]
        if order := self.order:
            errands.sort(key=lambda errand: order(errand[0]))
        self.groups += 1
        self.prompts += most
        return Group(self, errands)


@dataclass(frozen=True, slots=True)
class Group(Generic[Asked, Told]):
    """What is asked together."""

    queue: Queue[Asked, Told]
    errands: Sequence[tuple[Asked, Callable[[Told], None]]]

    async def ask(self) -> Sequence[Told]:
        return await self.queue.ask([asked for asked, _ in self.errands])

    def tell(self, replies: Sequence[Told]) -> None:
        """The group is back: everybody who asked is told."""
        self.queue.groups -= 1
        self.queue.prompts -= len(self.errands)
        for (_, tell), reply in zip(self.errands, replies, strict=True):
            tell(reply)


class Queues:
    """The queues of a batch. Pure: whoever drives it asks the groups that leave."""

    def __init__(self, panel: Panel, comparer: Comparer, limits: Limits) -> None:
        self._panel = panel
        self._limits = limits
        self._experts: dict[str, Queue[Prompt, Reply]] = {}
        self._writers: dict[str | None, Queue[Prompt, Reply]] = {}  # None: the aggregator
        self.comparer: Queue[tuple[str, ...], Alike] = Queue(comparer.alike)

    def expert(self, name: str) -> Queue[Prompt, Reply]:
        if name not in self._experts:
            self._experts[name] = Queue(partial(self._panel.ask, name), _alphabetical)
        return self._experts[name]

    def writer(self, name: str | None = None) -> Queue[Prompt, Reply]:
        if name not in self._writers:
            ask = partial(self._panel.conclude, writer=name)
            self._writers[name] = Queue(ask, _alphabetical)
        return self._writers[name]

    def leaving(self) -> Iterator[Group[Any, Any]]:
        """Every group that may go now, the queues taking turns."""
        queues: list[Queue[Any, Any]] = [
            self.comparer,
            *self._writers.values(),
            *self._experts.values(),
        ]
        prompts = sum(queue.prompts for queue in queues)
        while queues:
            for queue in list(queues):
                group = queue.leave(self._limits, prompts)
                if group is None:
                    queues.remove(queue)
                else:
                    prompts += len(group.errands)
                    yield group


def _alphabetical(prompt: Prompt) -> list[tuple[str, str]]:
    """Prompts that begin alike follow one another: an engine keeps the work on what they share."""
    turns = [(message.role, message.content) for message in prompt.messages]
    return [("salt", prompt.salt), *turns]
