"""The report as one HTML file that needs nothing beside it."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.report import tables
from api.report.drawing import svg

if TYPE_CHECKING:
    from jinja2 import Template

    from orchestrator.evaluation.report import Matched, Report

TEMPLATE = Path(__file__).with_name("page.html.j2")
MAIN = "auto"  # the policy that the charts are about, where it was replayed


def images(report: "Report") -> dict[str, str]:
    """The charts worth showing elsewhere, as SVG files by name: on white, text as outlines."""
    from api.report import charts
    from api.report.frontier_chart import frontier_chart

    main = shown(report)
    drawn = {
        "reliability.svg": charts.reliability_chart(report.calibration[main]),
        "heatmap.svg": charts.heatmap_chart(report.heatmap),
    }
    if report.frontier is not None:
        drawn["frontier.svg"] = frontier_chart(report.frontier)
    return {name: svg(chart, name, themed=False) for name, chart in drawn.items()}


def shown(report: "Report") -> str:
    """The policy that the charts are about."""
    return MAIN if MAIN in report.policies else next(iter(report.policies))


def page(report: "Report", title: str) -> str:
    """The whole page. `title` says what was evaluated."""
    main = shown(report)
    frontier = report.frontier
    return _template().render(
        title=title,
        report=report,
        main=main,
        finding=finding(report, main),
        caption=tables.caption(report),
        charts=_charts(report, main),
        calibration=report.calibration[main],
        policies=sorted(report.policies.items(), key=lambda item: -item[1].accuracy),
        matched=[] if frontier is None else [m for m in (frontier.calls, frontier.dollars) if m],
        strongest=strongest,
    )


def finding(report: "Report", main: str) -> str:
    """The report in a sentence or two."""
    result = report.policies[main]
    low, high = result.gain.ci95
    said = (
        f"{main} gets {100 * result.accuracy:.1f} % right at {result.calls:.2f} calls a question: "
        f"{100 * result.gain.difference:+.1f} points over the best single expert "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f})."
    )
    if report.frontier is None:
        return said
    above = report.frontier.calls.beaten_by
    if not above:
        return f"{said} At equal calls no baseline is above it."
    budgets: dict[str, list[str]] = {}
    for match in above:
        firm = "*" if match.ours.p_value < 0.05 else ""
        budgets.setdefault(match.name, []).append(f"{match.budget:g}{firm}")
    names = "; ".join(f"{name} at {', '.join(at)}" for name, at in budgets.items())
    return f"{said} At equal calls these are above it: {names} (* with p < 0.05)."


def strongest(matched: "Matched") -> list[tuple[str, str]]:
    """Kinds and names of the methods, the best at the largest budget first."""
    best: dict[tuple[str, str], float] = {}
    for match in matched.matches:
        key = (match.kind.value, match.name)
        best[key] = max(best.get(key, 0.0), match.accuracy)
    return sorted(best, key=lambda key: (key[0], -best[key]))


def _charts(report: "Report", main: str) -> dict[str, str]:
    from api.report import charts
    from api.report.frontier_chart import frontier_chart, outside

    drawn: dict[str, Any] = {
        "reliability": charts.reliability_chart(report.calibration[main]),
        "gaps": charts.gap_chart(report.categories, main),
        "heatmap": charts.heatmap_chart(report.heatmap),
        "similarity": charts.similarity_chart(report.similarity),
    }
    said = {}
    if report.frontier is not None:
        units = ["calls", "dollars"] if report.frontier.dollars else ["calls"]
        for unit in units:
            drawn[unit] = frontier_chart(report.frontier, unit)
            said[f"outside {unit}"] = "; ".join(outside(report.frontier, unit))
    return {name: svg(chart, name) for name, chart in drawn.items()} | said


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = lambda value: f"{100 * value:.1f} %"
    environment.filters["points"] = lambda value: f"{100 * value:+.1f}"
    environment.filters["chance"] = lambda value: "< 0.001" if value < 0.001 else f"{value:.3f}"
    return environment.from_string(TEMPLATE.read_text("utf-8"))
