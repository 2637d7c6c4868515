"""A hub without a network: what lies in its cache, and what it tells of the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from experts.engines.hub import UNREACHED, Remote


@dataclass
class FakeHub:
    """By default nothing is cached and nothing can be reached."""

    folders: Mapping[str, Path] = field(default_factory=dict)
    remotes: Mapping[str, Remote] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def cached(self, name: str) -> Path | None:
        return self.folders.get(name)

    def described(self, names: Iterable[str]) -> Mapping[str, Remote]:
        wanted = list(names)
        self.asked += wanted
        return {name: self.remotes.get(name, Remote(note=UNREACHED)) for name in wanted}
