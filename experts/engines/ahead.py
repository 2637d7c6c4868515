"""Tells an engine which weights it will want next, and learns how long it takes to read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from experts.engines.pace import Mean
from experts.engines.scene import Scene
from experts.engines.switching import order


class Reads(Protocol):
    """What an engine does with what it is told."""

    def expect(self, bases: Sequence[str]) -> None:
        """The bases likely to be swapped in next, the first of them first: time to read ahead."""
        ...

    def ready(self, base: str) -> bool:
        """Whether a swap to a base would find its weights read, or nothing can be read ahead."""
        ...


@dataclass(slots=True)
class Ahead:
    """Belongs to the engine's thread."""

    engine: Reads
    read: Mean  # seconds
    expected: tuple[str, ...] = ()
    _reading: tuple[str, float] | None = None  # the first of them, and since when

    def look(self, scene: Scene) -> None:
        """Once a turn. The engine is told again only when other bases wait: two that are about as
        urgent would make it begin to read one and the other in turn."""
        if self._reading is not None and self.engine.ready(self._reading[0]):
            self.read.add(scene.now - self._reading[1])
            self._reading = None
        if scene.lines.keys() - {scene.resident} == set(self.expected):
            return
        self.expected = order(scene)
        self.engine.expect(self.expected)
        first = next(iter(self.expected), None)
        if first is None or self.engine.ready(first):
            self._reading = None
        elif self._reading is None or self._reading[0] != first:
            self._reading = first, scene.now
