"""A batch while processes are killed: what a run is to do, what it showed, and how that is told."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.records import commit, machine
from benchmarks.wreckage import AT_ONCE, MODELS


@dataclass(frozen=True)
class Trial:
    """What one run is to do."""

    lines: int
    kills: int
    seed: int
    apis: int = 1
    builtin: bool = False
    seconds: float = 60.0  # that the mocked experts need for it, at least

    @property
    def delay(self) -> float:
        """Seconds of one call."""
        return self.seconds * AT_ONCE * len(MODELS) / self.lines

    @property
    def victims(self) -> list[str]:
        return ["api", "redis", *(["engine"] if self.builtin else [])]


@dataclass
class Outcome:
    """What a run showed."""

    seed: int
    status: str = ""
    seconds: float = 0.0
    killed: list[tuple[str, int]] = field(default_factory=list)  # what, after how many results
    missing: int = 0
    twice: int = 0
    wrong: int = 0
    errors: int = 0
    calls: int = 0  # of the mock; what is above the lines was asked again, or of several experts

    @property
    def good(self) -> bool:
        lost = self.missing + self.twice + self.wrong + self.errors
        return self.status == "completed" and not lost


def document(trial: Trial, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All runs of trials that differ in their seeds alone, and on what."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit(),
        "machine": machine(),
        "python": platform.python_version(),
        "lines": trial.lines,
        "apis": trial.apis,
        "builtin": trial.builtin,
        "runs": [{**asdict(outcome), "good": outcome.good} for outcome in outcomes],
    }


def page(told: dict[str, Any]) -> str:
    """The document for people."""
    good = sum(run["good"] for run in told["runs"])
    experts = "the built-in specialists" if told["builtin"] else "mocked hosted experts"
    rows = [
        f"| {r['seed']} | {', '.join(f'{what} at {done}' for what, done in r['killed'])} "
        f"| {r['seconds']} | {r['missing']} | {r['twice']} | {r['wrong']} | {r['errors']} |"
        for r in told["runs"]
    ]
    return "\n".join(
        [
            "# Batches while processes are killed",
            "",
            f"{told['date']}, commit {told['commit']}, {told['machine']}, {told['apis']} API "
            f"processes, {experts}: {good} of {len(told['runs'])} batches of {told['lines']} lines "
            "have each line exactly once with the right answer.",
            "",
            "| seed | killed after so many results | seconds | missing | twice | wrong | errors |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
