"""What an evaluation found, as plain values: for the terminal, for JSON and for the page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.evaluation.calibration import Calibration
from orchestrator.evaluation.outcomes import Kind
from orchestrator.evaluation.significance import Paired


@dataclass(frozen=True, slots=True)
class Result:
    """How a policy did. Accuracy is the mean score, 0..1; calls and dollars are per question."""

    accuracy: float
    ci95: tuple[float, float]
    calls: float
    cost_usd: float | None  # None where some asked reply has no known cost
    questions: int
    gain: Paired  # over the expert that is best on the evidence
    matched: bool  # whether that comparison is at equal calls


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of a method, on the test questions."""

    label: str
    accuracy: float
    ci95: tuple[float, float]
    calls: float
    cost_usd: float | None
    on_hull: bool  # in calls: no mixture of other settings does better for as much


@dataclass(frozen=True, slots=True)
class MethodResult:
    """A way to answer at each of its settings, cheapest first."""

    name: str
    kind: Kind
    note: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A method at one budget, and how much better ours is for the same."""

    budget: float
    name: str
    kind: Kind
    accuracy: float  # the height of its curve
    cross_fitted: float | None  # the same, settings not chosen on the questions they are scored on
    ours: Paired


@dataclass(frozen=True, slots=True)
class Matched:
    """Comparisons at equal spending."""

    unit: str  # calls or dollars, a question
    budgets: tuple[float, ...]
    ours: Mapping[float, float]  # the height of our curve, where the budget is in reach
    cross_fitted: Mapping[float, float | None]
    matches: tuple[Match, ...]

    def of(self, name: str, budget: float) -> Match | None:
        """A method's match at this budget; None where either is out of reach."""
        return next((m for m in self.matches if (m.name, m.budget) == (name, budget)), None)

    @property
    def beaten_by(self) -> tuple[Match, ...]:
        """Where a baseline is above ours, by however little."""
        rivals = (m for m in self.matches if m.kind is Kind.BASELINE)
        return tuple(m for m in rivals if m.ours.difference < 0)


@dataclass(frozen=True, slots=True)
class Frontier:
    """Every method's points, and ours against each at equal spending."""

    methods: tuple[MethodResult, ...]
    calls: Matched
    dollars: Matched | None  # None where costs are not known


@dataclass(frozen=True, slots=True)
class Category:
    """Whether routing can pay here: what is between the best expert and the oracle."""

    name: str
    questions: int
    best_single: float  # by evidence, over all categories
    best_here: float  # the best expert of this category, in hindsight
    oracle: float
    policies: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of numbers with names."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Every policy's result, and the lines everyone is measured against."""

    policies: Mapping[str, Result]
    experts: Mapping[str, float]  # each alone, on the same questions
    chosen_single: str  # the expert that is best on the evidence
    oracle: float  # some expert is right
    skipped: int  # questions that no score and no gold answer can grade
    overlap: int  # reported questions that are also in the evidence, word for word
    evidence: int  # questions learned from, on average where categories are held out
    held_out: tuple[str, ...]
    calibration: Mapping[str, Calibration]
    categories: tuple[Category, ...]
    heatmap: Grid  # accuracy, experts x categories
    similarity: Grid  # correlation of errors, experts x experts
    frontier: Frontier | None = None

    @property
    def questions(self) -> int:
        return sum(category.questions for category in self.categories)

    @property
    def best_single(self) -> float:
        """The best expert alone, picked with hindsight on the reported questions."""
        return max(self.experts.values())

    def as_json(self) -> dict[str, Any]:
        whole = asdict(self)
        best = max(self.experts, key=lambda name: self.experts[name])
        return {**whole, "best_single": self.best_single, "best_single_expert": best}
