"""What is believed of every kind of engine, on every kind of device, while the service runs."""

from collections.abc import Callable, Mapping, Sequence

from experts.engines.cost_store import CostStore, Name
from experts.engines.costs import Costs, Happened


class CostBook:
    """Owned by one event loop. With a store, what is learned outlives the process."""

    def __init__(self, store: CostStore | None = None) -> None:
        self._store = store
        self._known: dict[Name, Costs] = {}

    async def open(self, priors: Mapping[Name, Costs]) -> None:
        """Begins with what was learned before, and with these where that is nothing."""
        self._known = await self._store.load(priors) if self._store else dict(priors)

    def of(self, name: Name) -> Costs:
        """What is believed by now."""
        return self._known[name]

    def of_new(self, name: Name, prior: Callable[[], Costs]) -> Costs:
        """The same, also of a kind of device that was not there when the book was opened."""
        if name not in self._known:
            self._known[name] = prior()
        return self._known[name]

    async def learn(self, name: Name, happened: Sequence[Happened]) -> None:
        """Adds what has happened, each once."""
        known = self._known[name]
        if self._store is not None:
            self._known[name] = await self._store.learn(name, happened, known)
            return
        for what in happened:
            known = known.after(what)
        self._known[name] = known
