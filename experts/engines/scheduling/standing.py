"""Which engines stand at a site and what they hold, followed through a sequence of changes."""

from dataclasses import dataclass

from experts.engines.scheduling.work import Costs, Site


@dataclass(slots=True)
class Standing:
    """A family that another takes the place of sleeps on with its base."""

    awake: str | None
    holding: dict[str, str | None]  # by family awake or asleep

    @classmethod
    def of(cls, site: Site) -> "Standing":
        holding = dict(site.asleep)
        if site.family is not None:
            holding[site.family] = site.base
        return cls(site.family, holding)

    def holds(self, family: str, base: str) -> bool:
        """Whether an engine here has the weights already, awake or asleep."""
        return self.holding.get(family) == base

    def opening(self, family: str, costs: Costs) -> float:
        """Seconds until the family is awake."""
        if family == self.awake:
            return 0.0
        return costs.waking(family) if family in self.holding else costs.starting(family)

    def change(self, family: str, base: str, costs: Costs) -> float:
        """Makes the family hold the base, awake; the seconds that takes."""
        seconds = self.opening(family, costs)
        if family in self.holding and not self.holds(family, base):
            seconds += costs.swapping(base)
        self.awake = family
        self.holding[family] = base
        return seconds
