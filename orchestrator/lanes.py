"""Who is asked in a batch, in groups: one lane for each expert, the aggregator, the comparer."""

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
    groups: int = 32  # of one lane in flight; the first ones of a batch are small
    prompts: int = 8192  # in flight over all lanes: fewer than an engine lets wait


@dataclass(slots=True, eq=False)
class Lane(Generic[Asked, Told]):
    """Gathers what is to be asked until it may go: who is busy gets it in larger groups."""

    ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Told]]]
    order: Callable[[Asked], Any] | None = None  # within a group
    waiting: deque[tuple[Asked, Callable[[Told], None]]] = field(default_factory=deque)
    groups: int = 0  # in flight
    prompts: int = 0  # in flight

    def add(self, asked: Asked, tell: Callable[[Told], None]) -> None:
        self.waiting.append((asked, tell))

    def leave(self, limits: Limits, prompts: int) -> "Group[Asked, Told] | None":
        """The next group, if any may go while `prompts` are in flight over all lanes."""
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

    lane: Lane[Asked, Told]
    errands: Sequence[tuple[Asked, Callable[[Told], None]]]

    async def ask(self) -> Sequence[Told]:
        return await self.lane.ask([asked for asked, _ in self.errands])

    def tell(self, replies: Sequence[Told]) -> None:
        """The group is back: everybody who asked is told."""
        self.lane.groups -= 1
        self.lane.prompts -= len(self.errands)
        for (_, tell), reply in zip(self.errands, replies, strict=True):
            tell(reply)


class Lanes:
    """The lanes of a batch. Pure: whoever drives it asks the groups that leave."""

    def __init__(self, panel: Panel, comparer: Comparer, limits: Limits) -> None:
        self._panel = panel
        self._limits = limits
        self._experts: dict[str, Lane[Prompt, Reply]] = {}
        self._writers: dict[str | None, Lane[Prompt, Reply]] = {}  # None: the aggregator
        self.comparer: Lane[tuple[str, ...], Alike] = Lane(comparer.alike)

    def expert(self, name: str) -> Lane[Prompt, Reply]:
        if name not in self._experts:
            self._experts[name] = Lane(partial(self._panel.ask, name), _alphabetical)
        return self._experts[name]

    def writer(self, name: str | None = None) -> Lane[Prompt, Reply]:
        if name not in self._writers:
            ask = partial(self._panel.conclude, writer=name)
            self._writers[name] = Lane(ask, _alphabetical)
        return self._writers[name]

    def leaving(self) -> Iterator[Group[Any, Any]]:
        """Every group that may go now, the lanes taking turns."""
        lanes: list[Lane[Any, Any]] = [
            self.comparer,
            *self._writers.values(),
            *self._experts.values(),
        ]
        prompts = sum(lane.prompts for lane in lanes)
        while lanes:
            for lane in list(lanes):
                group = lane.leave(self._limits, prompts)
                if group is None:
                    lanes.remove(lane)
                else:
                    prompts += len(group.errands)
                    yield group


def _alphabetical(prompt: Prompt) -> list[tuple[str, str]]:
    """Prompts that begin alike follow one another: an engine keeps the work on what they share."""
    turns = [(message.role, message.content) for message in prompt.messages]
    return [("salt", prompt.salt), *turns]
