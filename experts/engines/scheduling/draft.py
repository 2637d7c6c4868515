"""How many prompts of each group each site is to answer, while a plan is looked for."""

from collections.abc import Iterable
from dataclasses import dataclass

from experts.engines.scheduling.tables import Parts, Tables


@dataclass(slots=True)
class Draft:
    """Changed in place, `loads` with it."""

    tables: Tables
    parts: list[Parts]
    loads: list[float]  # when each site is done

    @classmethod
    def empty(cls, tables: Tables) -> "Draft":
        return cls(tables, [{} for _ in tables.sites], [0.0 for _ in tables.sites])

    @property
    def makespan(self) -> float:
        return max(self.loads, default=0.0)

    def put(self, site: int, group: int, prompts: int) -> None:
        self.set(site, more(self.parts[site], group, prompts))

    def set(self, site: int, parts: Parts) -> None:
        self.parts[site] = parts
        self.loads[site] = self.tables.finish(site, parts)

    def copy(self) -> "Draft":
        return Draft(self.tables, list(self.parts), list(self.loads))


def more(parts: Parts, group: int, prompts: int) -> Parts:
    return parts | {group: parts.get(group, 0) + prompts}


def less(parts: Parts, groups: Iterable[int]) -> Parts:
    """Without these groups."""
    gone = set(groups)
    return {group: prompts for group, prompts in parts.items() if group not in gone}
