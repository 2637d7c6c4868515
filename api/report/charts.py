"""Charts beside the frontier: who is good at what, how sure a verdict is, where routing can pay."""

from collections.abc import Sequence
from typing import Any

from api.report.drawing import FAINT, INK, MUTED, OURS, figure
from orchestrator.evaluation.calibration import Calibration
from orchestrator.evaluation.report import Category, Grid
from orchestrator.evaluation.significance import wilson

DARK = 0.55  # of the colour range: from here on, figures are written in white


def heatmap_chart(grid: Grid) -> Any:
    """Accuracy, experts by categories; the best of each column is framed."""
    import numpy as np

    values = np.array(grid.values) * 100
    rows, columns = values.shape
    with figure(2.6 + 0.52 * columns, 1.2 + 0.27 * rows) as drawn:
        axes = drawn.subplots()
        axes.imshow(values, cmap="YlGnBu", aspect="auto", vmin=values.min(), vmax=values.max())
        axes.set_xticks(range(columns), grid.columns, rotation=40, ha="left")
        axes.set_yticks(range(rows), grid.rows)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8.5)
        _bare(axes)
        span = max(values.max() - values.min(), 1e-9)
        best = values.argmax(axis=0)
        for row in range(rows):
            for column in range(columns):
                light = (values[row, column] - values.min()) / span > DARK
                axes.text(
                    column,
                    row,
                    f"{values[row, column]:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    fontweight="bold" if best[column] == row else "normal",
                    color="white" if light else "#222222",
                )
        for column, row in enumerate(best):
            axes.add_patch(_frame(column, int(row)))
        return drawn


def similarity_chart(grid: Grid) -> Any:
    """Correlation of errors: dark pairs are right and wrong together, and add little as a panel."""
    import numpy as np

    values = np.array(grid.values)
    count = len(grid.rows)
    with figure(2.6 + 0.25 * count, 1.8 + 0.24 * count) as drawn:
        axes = drawn.subplots()
        off = values[~np.eye(count, dtype=bool)] if count > 1 else values
        image = axes.imshow(
            np.where(np.eye(count, dtype=bool), np.nan, values),
            cmap="Purples",
            vmin=min(0.0, float(off.min())),
            vmax=max(float(off.max()), 1e-9),
        )
        axes.set_xticks(range(count), grid.columns, rotation=60, ha="left")
        axes.set_yticks(range(count), grid.rows)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8)
        _bare(axes)
        bar = drawn.colorbar(image, ax=axes, shrink=0.5, pad=0.02)
        bar.outline.set_visible(False)
        return drawn


def reliability_chart(found: Calibration) -> Any:
    """Accuracy against confidence in bins of equal mass, with the diagonal and the counts."""
    said = [100 * b.confidence for b in found.bins]
    right = [100 * b.accuracy for b in found.bins]
    ends = [wilson(b.accuracy, b.count) for b in found.bins]
    below = [r - 100 * low for r, (low, _) in zip(right, ends, strict=True)]
    above = [100 * high - r for r, (_, high) in zip(right, ends, strict=True)]
    with figure(5.4, 5.6) as drawn:
        axes, counts = drawn.subplots(2, 1, sharex=True, height_ratios=(5, 1))
        axes.plot([0, 100], [0, 100], color=MUTED, lw=1, ls=(0, (4, 3)))
        axes.annotate("perfectly calibrated", (20, 21.5), color=MUTED, rotation=41, fontsize=8.5)
        axes.errorbar(
            said,
            right,
            yerr=(below, above),
            fmt="o-",
            color=OURS,
            ecolor=OURS,
            lw=1.6,
            elinewidth=0.8,
        )
        axes.set_ylim(0, 100)
        axes.set_xlim(0, 100)
        axes.set_ylabel("right, %")
        counts.bar(said, [b.count for b in found.bins], width=1.4, color=OURS, alpha=0.75)
        counts.set_ylabel("questions")
        counts.set_xlabel("confidence of the verdict, %")
        return drawn


def gap_chart(categories: Sequence[Category], policy: str) -> Any:
    """Per category: the best expert of all, the best one here, the oracle, and the policy."""
    height = range(len(categories))
    with figure(8.2, 1.1 + 0.34 * len(categories)) as drawn:
        axes = drawn.subplots()
        for y, category in enumerate(categories):
            axes.plot(
                [100 * category.best_single, 100 * category.oracle],
                [y, y],
                color=FAINT,
                lw=2,
                zorder=1,
            )
        single = [100 * c.best_single for c in categories]
        here = [100 * c.best_here for c in categories]
        oracle = [100 * c.oracle for c in categories]
        ours = [100 * c.policies[policy] for c in categories]
        axes.scatter(single, height, s=30, color=MUTED, label="best single", zorder=2)
        axes.scatter(
            here, height, s=60, marker="|", color=INK, label="best here, hindsight", zorder=3
        )
        axes.scatter(
            oracle, height, s=30, facecolors="none", edgecolors=INK, label="oracle", zorder=2
        )
        axes.scatter(ours, height, s=36, color=OURS, label=policy, zorder=4)
        axes.set_yticks(height, [f"{c.name}  ({c.questions})" for c in categories])
        axes.invert_yaxis()
        axes.set_xlabel("right, %")
        axes.grid(visible=False, axis="y")
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=8.5
        )
        return drawn


def _bare(axes: Any) -> None:
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _frame(column: int, row: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (column - 0.48, row - 0.46), 0.96, 0.92, fill=False, edgecolor="#c2571a", lw=1.4
    )
