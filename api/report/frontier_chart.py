"""The frontier: accuracy against what is spent, ours in front, everyone labelled where they end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.report.drawing import FAINT, INK, MUTED, OURS, SEED, figure, spread
from experts.money import dollars
from orchestrator.evaluation.outcomes import Kind
from orchestrator.evaluation.report import Frontier, MethodResult, Point

MOST_CALLS = 7.5
POINTS_BELOW = 9.0  # of accuracy, under the best single expert: lower methods are told in words
ALONE = "an expert alone"
SERVED = "as served"


@dataclass(frozen=True, slots=True)
class Line:
    """A method as drawn: its corners, cheapest first."""

    method: MethodResult
    spent: tuple[float, ...]
    accuracy: tuple[float, ...]  # percent


def frontier_chart(frontier: Frontier, unit: str = "calls") -> Any:
    """A matplotlib figure; unit is calls or dollars."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    lines = [_line(method, unit) for method in frontier.methods if method.name != ALONE]
    low, high, right = _window(lines, unit)
    shown = [line for line in lines if _visible(line, low, high, right)]
    with figure(9.2, 5.2) as drawn:
        axes = drawn.subplots()
        axes.set_xscale("log")
        left = min(line.spent[0] for line in shown) * 0.94
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        for line in shown:
            _draw(axes, line, right)
        for method in frontier.methods:
            if method.name == ALONE:
                _dots(axes, method, unit)
        _served(axes, frontier.methods[0], unit)
        _label(axes, shown, right, (high - low) / 27)
        ticks = [t for t in (1, 1.5, 2, 3, 5, 7) if t <= right] if unit == "calls" else None
        if ticks:
            axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        else:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: dollars(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
        axes.set_xlabel(f"{'expert calls' if unit == 'calls' else 'dollars'} a question, mean")
        axes.set_title("Accuracy", loc="left", color=MUTED, fontsize=10)
        axes.grid(visible=False, axis="x")
        return drawn


def outside(frontier: Frontier, unit: str = "calls") -> tuple[str, ...]:
    """The methods that the chart has no room for, in words."""
    lines = [_line(method, unit) for method in frontier.methods if method.name != ALONE]
    window = _window(lines, unit)
    hidden = [line for line in lines if not _visible(line, *window)]
    return tuple(
        f"{_name(line)} {line.accuracy[-1]:.1f} % at {_written(line.spent[-1], unit)}"
        for line in hidden
    )


def _line(method: MethodResult, unit: str) -> Line:
    """The hull in this unit, from the points (which come cheapest in calls first)."""
    import numpy as np

    from orchestrator.evaluation.curve import hull

    spent = np.array([_spent(point, unit) for point in method.points])
    accuracy = np.array([100 * point.accuracy for point in method.points])
    corners = hull(spent, accuracy)
    return Line(method, tuple(spent[corners].tolist()), tuple(accuracy[corners].tolist()))


def _spent(point: Point, unit: str) -> float:
    return point.calls if unit == "calls" else point.cost_usd or 0.0


def _window(lines: Sequence[Line], unit: str) -> tuple[float, float, float]:
    """Lowest and highest accuracy, percent, and the most that is spent, as far as it matters."""
    single = next(line for line in lines if line.method.name == "best single")
    near = [line for line in lines if line.method.kind is not Kind.BOUND]
    near = [line for line in near if line.accuracy[-1] > single.accuracy[0] - POINTS_BELOW]
    near = [line for line in near if unit != "calls" or line.spent[0] < MOST_CALLS]
    floor = max(min(min(line.accuracy) for line in near), single.accuracy[0] - POINTS_BELOW)
    top = max(max(line.accuracy) for line in near)
    ours = lines[0].spent[-1]
    right = MOST_CALLS if unit == "calls" else max(ours, *single.spent) * 2
    return floor - 0.5, top + 0.12 * (top - floor) + 0.5, right


def _visible(line: Line, low: float, high: float, right: float) -> bool:
    return low < line.accuracy[-1] < high and line.spent[0] < right


def _draw(axes: Any, line: Line, right: float) -> None:
    ours, colour = line.method.kind is Kind.OURS, _colour(line)
    hindsight = line.method.kind is Kind.BOUND
    spent, accuracy = [*line.spent, right], [*line.accuracy, line.accuracy[-1]]
    if hindsight:
        axes.plot(spent, accuracy, color=MUTED, lw=0.9, ls=(0, (1, 3)), zorder=1)
        return
    axes.plot(
        line.spent,
        line.accuracy,
        color=colour,
        lw=2.8 if ours else 1.2,
        marker="o",
        ms=5.5 if ours else 3,
        zorder=5 if ours else 2,
        solid_capstyle="round",
    )
    # beyond its dearest corner a method has nothing better to spend on
    axes.plot(spent[-2:], accuracy[-2:], color=colour, lw=1.6 if ours else 0.7, alpha=0.6, zorder=2)


def _written(spent: float, unit: str) -> str:
    return f"{spent:.2f} calls" if unit == "calls" else dollars(spent, digits=2)


def _dots(axes: Any, method: MethodResult, unit: str) -> None:
    spent = [_spent(point, unit) for point in method.points]
    accuracy = [100 * point.accuracy for point in method.points]
    axes.scatter(spent, accuracy, s=14, color=FAINT, edgecolors=MUTED, linewidths=0.5, zorder=1)


def _served(axes: Any, ours: MethodResult, unit: str) -> None:
    point = next((point for point in ours.points if point.label == SERVED), None)
    if point is None:
        return
    place = _spent(point, unit), 100 * point.accuracy
    axes.scatter(*place, s=110, facecolors="none", edgecolors=OURS, linewidths=1.6, zorder=6)
    axes.annotate(
        f"auto as served\n{place[1]:.1f} % at {_written(place[0], unit)}",
        place,
        xytext=(-8, 16),
        textcoords="offset points",
        color=OURS,
        ha="center",
        va="bottom",
        fontsize=9,
        fontweight="bold",
    )


def _label(axes: Any, lines: Sequence[Line], right: float, gap: float) -> None:
    """Names in a column at the right edge, each joined to its line's end."""
    ends = [line.accuracy[-1] for line in lines]
    for line, end, place in zip(lines, ends, spread(ends, gap), strict=True):
        ours = line.method.kind is Kind.OURS
        axes.annotate(
            f"{_name(line)}  {end:.1f}",
            (right, end),
            xytext=(1.045, place),
            textcoords=axes.get_yaxis_transform(),
            color=INK if _colour(line) == MUTED else _colour(line),
            fontsize=10 if ours else 8.5,
            fontweight="bold" if ours else "normal",
            fontstyle="italic" if line.method.kind is Kind.BOUND else "normal",
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": FAINT,
                "lw": 0.8,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0.0, 0.5),
            },
        )


def _name(line: Line) -> str:
    return line.method.name


def _colour(line: Line) -> str:
    if line.method.kind is Kind.OURS:
        return OURS
    return SEED if line.method.name == "symbolic-moe" else MUTED
