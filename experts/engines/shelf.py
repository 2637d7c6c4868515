"""What of an engine's bases lies in host memory, within a budget. Pure bookkeeping."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class Shelf(Generic[Item]):
    """Items by base. What is needed last goes first (Belady 1966): of those that are expected the
    one that is expected last, before them the one that nobody expects and that is unused longest.
    """

    capacity: int  # bytes; 0 keeps nothing
    _items: dict[str, tuple[Item, int]] = field(default_factory=dict)  # longest unused first

    @property
    def used(self) -> int:
        """Bytes of everything held."""
        return sum(size for _, size in self._items.values())

    @property
    def held(self) -> frozenset[str]:
        return frozenset(self._items)

    def get(self, base: str) -> Item | None:
        """The base's item, which counts as used now; None if it is not held."""
        found = self._items.pop(base, None)
        if found is None:
            return None
        self._items[base] = found
        return found[0]

    def put(self, base: str, item: Item, size: int, coming: Sequence[str] = ()) -> bool:
        """Holds an item of `size` bytes, given the order in which bases are expected; replaces
        the base's former one. False if there is no room but that of what is needed sooner."""
        self.drop(base)
        leaving: list[str] = []
        free = self.capacity - self.used
        for other in self._by_need(coming):
            if free >= size or _need(other, coming) < _need(base, coming):
                break
            leaving.append(other)
            free += self._items[other][1]
        if free < size:
            return False
        for other in leaving:
            self.drop(other)
        self._items[base] = (item, size)
        return True

    def drop(self, base: str) -> None:
        """Forgets a base; fine if it is not held."""
        self._items.pop(base, None)

    def _by_need(self, coming: Sequence[str]) -> list[str]:
        """Held bases, the one that can best be spared first."""
        return sorted(self._items, key=lambda base: -_need(base, coming))  # sorting is stable


def _need(base: str, coming: Sequence[str]) -> int:
    """How soon a base is needed, as its place in what is coming."""
    return coming.index(base) if base in coming else len(coming)
