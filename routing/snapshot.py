"""A frozen router: which panel each code of a codebook gets, in one small file.

Routing from it is one product and a look into a table, and it stays what it was when it was made
whatever is learned since; two of them say how far a change of evidence moves routes. A question
gets the panel of the code nearest to it, so draws that throw dice are frozen with their dice.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from routing.encoder import Vectors
from routing.exact import products, table_on_grid
from routing.router import Recruiting, Router
from routing.skills import NearestSkills
from routing.types import NO_NEEDS, Question

VERSION = 1
STEPS = 4096.0  # unit vectors on a table's grid are whole numbers of these

Panel = tuple[str, ...]


class SnapshotError(ValueError):
    """The file is no snapshot of this version."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Codes, shape (codes, dimension), and for each its panel; the last panel, one more than there
    are codes, is for questions like none seen."""

    policy: str
    codes: Vectors
    panels: tuple[Panel, ...]
    floor: float  # cosine with the nearest code under which a question is like none seen

    @classmethod
    def of(cls, router: Router, channel: NearestSkills, recruiting: Recruiting) -> "Snapshot":
        """What this policy's panels are now. The channel is the router's."""
        codes = channel.codebook.vectors
        asked = [*(channel.of_vectors(codes) if len(codes) else ()), NO_NEEDS]
        questions = [Question(f"code {i}") for i in range(len(asked))]
        routes = router.recruit_all(questions, asked, recruiting)
        return cls(recruiting.policy, codes, tuple(r.panel for r in routes), channel.floor)

    def panel(self, vector: Vectors) -> Panel:
        """Of one question, shape (dimension,)."""
        return self.panels[int(self.places(vector[None])[0])]

    def places(self, vectors: Vectors) -> NDArray[np.intp]:
        """Where in `panels` each question's is, shape (questions,)."""
        nowhere = len(self.codes)
        if not nowhere:
            return np.zeros(len(vectors), np.intp)
        cosines = products(vectors, self.codes)
        return np.where(cosines.max(axis=1) >= self.floor, cosines.argmax(axis=1), nowhere)

    def save(self, path: Path) -> None:
        """Write one file of about 0.6 MB for 1,024 codes of 384 numbers."""
        experts = sorted({expert for panel in self.panels for expert in panel})
        place = {expert: i for i, expert in enumerate(experts)}
        longest = max(map(len, self.panels))
        padded = [[place[e] for e in p] + [-1] * (longest - len(p)) for p in self.panels]
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                version=np.array(VERSION),
                policy=np.array(self.policy),
                codes=np.rint(self.codes * STEPS).astype(np.int16),
                experts=np.array(experts, str),
                panels=np.array(padded, np.int32).reshape(len(self.panels), longest),
                floor=np.array(self.floor),
            )

    @classmethod
    def load(cls, path: Path) -> "Snapshot":
        """Read what `save` wrote. Raises SnapshotError for anything else."""
        if not zipfile.is_zipfile(path):
            raise SnapshotError(f"{path} is no snapshot: write one with Snapshot.save")
        with np.load(path, allow_pickle=False) as held:
            version = int(held["version"]) if "version" in held else None
            if version != VERSION:
                raise SnapshotError(
                    f"{path} has version {version}, this Convene reads {VERSION}: make it anew"
                )
            experts = held["experts"].tolist()
            panels = tuple(tuple(experts[i] for i in p if i >= 0) for p in held["panels"].tolist())
            codes = table_on_grid(held["codes"] / STEPS)
            return cls(str(held["policy"]), codes, panels, float(held["floor"]))


def changed(one: Snapshot, other: Snapshot, vectors: Vectors) -> float:
    """The share of these questions, shape (questions, dimension), that the two route otherwise:
    other experts, or another order."""
    if not len(vectors):
        return 0.0
    pairs: Sequence[tuple[int, int]] = list(
        zip(one.places(vectors).tolist(), other.places(vectors).tolist(), strict=True)
    )
    return sum(one.panels[i] != other.panels[j] for i, j in pairs) / len(pairs)
