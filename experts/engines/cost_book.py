"""What is believed of every kind of engine, on every kind of device, while the service runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from experts.engines.cost_store import Name
from experts.engines.costs import Costs, Happened

MOST_UNKEPT = 10_000  # when nobody keeps them; the oldest are forgotten


@dataclass(slots=True)
class CostBook:
    """Owned by one event loop. Kept between runs by whoever opened it (see `cost_store`)."""

    known: dict[Name, Costs] = field(default_factory=dict)
    priors: dict[Name, Costs] = field(default_factory=dict)
    unkept: dict[Name, list[Happened]] = field(default_factory=dict)

    def of(self, name: Name, prior: Callable[[], Costs]) -> Costs:
        """What is believed; the prior of the card where nothing is known yet."""
        if name not in self.known:
            self.known[name] = self.priors[name] = prior()
        return self.known[name]

    def learn(self, name: Name, happened: Iterable[Happened]) -> None:
        """Of an engine whose costs were asked for before."""
        for what in happened:
            self.known[name] = self.known[name].after(what)
            self.unkept[name] = [*self.unkept.get(name, [])[-MOST_UNKEPT:], what]
