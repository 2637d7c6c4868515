"""How charts look, and how they become SVG that follows the page's light or dark."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INK, MUTED, FAINT = "#1f2430", "#7b8394", "#d9dde4"
OURS, SEED = "#0b6e99", "#c2571a"
# On the page these colours are the page's own.
THEMED = {INK: "var(--ink)", MUTED: "var(--muted)", FAINT: "var(--faint)", OURS: "var(--ours)"}
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "svg.fonttype": "none",  # text stays text: small, and it can be searched
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
}


@contextmanager
def figure(width: float, height: float) -> Iterator[Any]:
    """A matplotlib figure in our style, in inches; no window is ever opened."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def svg(drawn: Any, name: str, *, themed: bool = True) -> str:
    """The figure as an SVG element. `name` keeps its ids apart from other charts' on the page."""
    from matplotlib import rc_context

    outlined = {} if themed else {"svg.fonttype": "path"}  # elsewhere the fonts may differ
    with rc_context({**STYLE, "svg.hashsalt": name, **outlined}):
        buffer = io.StringIO()
        drawn.savefig(buffer, format="svg", transparent=themed, metadata={"Date": None})
    text = re.sub(r"\A.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace("'DejaVu Sans'", "system-ui, 'Segoe UI', 'DejaVu Sans'")
    if not themed:
        return text
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', rf'\1 role="img" aria-label="{name}"', text, count=1
    )
    for colour, variable in THEMED.items():
        text = text.replace(colour, variable)
    return text


def spread(heights: list[float], gap: float) -> list[float]:
    """Heights for labels, at least `gap` apart, in the same order and near where they were."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [heights[i] for i in order]
    for _ in range(200):  # neighbours push each other apart until nobody overlaps
        moved = False
        for low, high in zip(range(len(placed)), range(1, len(placed)), strict=False):
            overlap = gap - (placed[high] - placed[low])
            if overlap > gap * 1e-3:
                placed[low] -= overlap / 2
                placed[high] += overlap / 2
                moved = True
        if not moved:
            break
    found = [0.0] * len(heights)
    for place, i in zip(placed, order, strict=True):
        found[i] = place
    return found
