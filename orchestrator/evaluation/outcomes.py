"""What a way of answering did, question by question; ways that differ by a budget alone are one
method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np

from orchestrator.evaluation.table import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One entry a question, shape (questions,)."""

    scores: Floats  # of the verdict, 0..1
    calls: Floats  # to experts, failed ones too
    dollars: Floats  # NaN where some asked reply has no known price
    confidence: Floats  # the verdict's own belief that it is right; NaN where it has none

    @classmethod
    def joined(cls, outcomes: Sequence["Outcome"]) -> "Outcome":
        """Outcomes on different questions as one."""
        names = [f.name for f in fields(cls)]
        return cls(*(np.concatenate([getattr(o, name) for o in outcomes]) for name in names))

    @property
    def accuracy(self) -> float:
        return float(self.scores.mean())

    @property
    def mean_calls(self) -> float:
        return float(self.calls.mean())

    @property
    def mean_dollars(self) -> float | None:
        """None where some price is not known, or none is."""
        mean = float(self.dollars.mean())
        return None if np.isnan(mean) else mean


class Kind(StrEnum):
    """What a method may be compared with."""

    OURS = "ours"
    BASELINE = "baseline"
    BOUND = "bound"  # is told what no router can know: right answers of the test, or its labels


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """One way to answer, at each of its budgets."""

    name: str
    kind: Kind
    settings: Mapping[str, Outcome]  # by what sets them apart
    note: str = ""  # what was chosen for it, and how

    @classmethod
    def joined(cls, methods: Sequence["Method"]) -> "Method":
        """One method on different questions: the settings that all of them have."""
        first = methods[0]
        shared = [label for label in first.settings if all(label in f.settings for f in methods)]
        settings = {
            label: Outcome.joined([method.settings[label] for method in methods])
            for label in shared
        }
        return cls(
            first.name,
            first.kind,
            settings,
            first.note if all(f.note == first.note for f in methods) else "",
        )
