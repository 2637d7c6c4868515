"""The picture of the batch benchmark: how long a batch takes, and how long requests wait."""

from collections.abc import Mapping
from typing import Any

from api.report.drawing import FAINT, INK, MUTED, OURS, SEED, figure, svg

WAYS = {
    "all weights resident, nine engines": ("all weights resident, seconds", FAINT),
    "Convene, one engine": ("batch, seconds", OURS),
    "Convene, weights from disk each time": ("batch, weights from disk, seconds", OURS),
    "an engine built for each expert": ("an engine built per expert, seconds", SEED),
    "an engine built for each call (extrapolated)": (
        "an engine built per call, seconds (extrapolated)",
        SEED,
    ),
}
POLICIES = {"bounded, host memory": ("Convene", OURS), "drained": ("as llama-swap", MUTED)}
POLICIES["in order"] = ("first come, first served", SEED)


def batch_chart(found: Mapping[str, Any]) -> str:
    """An SVG of what `benchmarks.batch` found on real engines."""
    real = next(table for name, table in found["online"].items() if name.startswith("real"))
    with figure(9.2, 3.4) as drawn:
        left, right = drawn.subplots(1, 2, width_ratios=(1.25, 1))
        _makespans(left, found["makespan"])
        _waits(right, real)
        return svg(drawn, "batch", themed=False)


def _makespans(axes: Any, makespan: Mapping[str, float]) -> None:
    for place, (name, (key, colour)) in enumerate(WAYS.items()):
        seconds = makespan[key]
        axes.barh(place, seconds, color=colour, height=0.62)
        told = f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.1f} s"
        axes.text(seconds * 1.08, place, told, va="center", color=INK, fontsize=9)
        axes.text(1.06, place - 0.42, name, va="bottom", color=MUTED, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(1, max(makespan[key] for key, _ in WAYS.values()) * 4)
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    axes.set_yticks([])
    axes.set_ylim(len(WAYS) - 0.4, -0.75)
    axes.grid(visible=False, axis="y")
    axes.set_title("1,000 questions, nine experts: seconds", loc="left", color=MUTED, fontsize=10)


def _waits(axes: Any, table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    width = 0.26
    for place, (policy, (name, colour)) in enumerate(POLICIES.items()):
        waits = [rows[policy]["p95 wait, s"] for rows in table.values()]
        spots = [load + (place - 1) * width for load in range(len(table))]
        axes.bar(spots, waits, width * 0.92, color=colour, label=name)
    axes.set_xticks(range(len(table)), list(table))
    axes.grid(visible=False, axis="x")
    axes.legend(frameon=False, fontsize=8, labelcolor=MUTED)
    axes.set_title("p95 wait for one engine, seconds", loc="left", color=MUTED, fontsize=10)
