"""The report as tables for the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from orchestrator.evaluation.report import Matched, Report, Result
    from orchestrator.evaluation.significance import Paired


def of(report: "Report") -> Iterator[Table]:
    """Policies first; with a frontier, everyone at equal calls, and at equal dollars if known."""
    yield policies(report)
    if report.frontier is not None:
        yield matched(report.frontier.calls)
        if report.frontier.dollars is not None:
            yield matched(report.frontier.dollars)


def policies(report: "Report") -> Table:
    """Policies by accuracy, between the best single expert and the oracle."""
    shown = Table(
        "policy", "accuracy", "95 % interval", "calls", "dollars", "over best single", "ECE"
    )
    results = sorted(report.policies.items(), key=lambda item: -item[1].accuracy)
    for name, result in results:
        low, high = result.ci95
        cost = "" if result.cost_usd is None else f"{result.cost_usd:.6f}"
        shown.add_row(
            Text(name),
            f"{result.accuracy:.2%}",
            f"{low:.1%} to {high:.1%}",
            f"{result.calls:.2f}",
            cost,
            over(result),
            f"{report.calibration[name].ece:.1%}",
        )
    shown.add_section()
    best = max(report.experts, key=lambda name: report.experts[name])
    shown.add_row(Text(f"best single, in hindsight ({best})"), f"{report.best_single:.2%}")
    shown.add_row("oracle (any expert right)", f"{report.oracle:.2%}")
    shown.caption = caption(report)
    return shown


def matched(at: "Matched") -> Table:
    """Everyone at equal spending, strongest baseline first; our lead in points."""
    heads = [f"{budget:.3g}" for budget in at.budgets]
    shown = Table(at.unit, *heads, title=f"accuracy at equal {at.unit} (auto's lead in points)")
    ours = [f"{at.ours[b]:.2%}" if b in at.ours else "" for b in at.budgets]
    shown.add_row("auto", *ours, style="bold")
    shown.add_section()
    names = list(dict.fromkeys((match.kind.value, match.name) for match in at.matches))
    for kind in dict.fromkeys(kind for kind, _ in names):
        for name in (name for k, name in names if k == kind):
            found = [at.of(name, budget) for budget in at.budgets]
            cells = ["" if m is None else f"{m.accuracy:.2%} ({_points(m.ours)})" for m in found]
            shown.add_row(name if kind == "baseline" else f"{name} (bound)", *cells)
        shown.add_section()
    shown.caption = "* p < 0.05 in a paired test on the same questions, not corrected for many"
    return shown


def over(result: "Result") -> str:
    """The gain over the best single expert; said where it is not at equal calls."""
    return f"{_points(result.gain)}{'' if result.matched else ' (more calls)'}"


def caption(report: "Report") -> str:
    """What was counted, and what was not."""
    said = [
        f"{report.questions} questions, {report.evidence} of evidence",
        f"best single by evidence: {report.chosen_single}",
    ]
    if report.skipped:
        said.append(f"{report.skipped} could not be graded")
    if report.held_out:
        said.append("categories held out: nothing is known of the category that is asked about")
    if report.overlap:
        said.append(f"{report.overlap} reported questions are in the evidence as well")
    return "; ".join(said)


def _points(gain: "Paired") -> str:
    return f"{100 * gain.difference:+.2f}{'*' if gain.p_value < 0.05 else ''}"
