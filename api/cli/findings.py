"""What a check found, as tables and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from api.cli.checks import Finding, Report, Sharing
from experts.engines.footprint import REPLIES, Footprint, gib


def tables(report: Report) -> list[RenderableType]:
    """For people: the experts, the families of the local ones, and what is to be said of these."""
    if not report.families:
        return [_experts(report.experts)]
    return [_experts(report.experts), _families(report.families), *_remarks(report)]


def document(report: Report) -> dict[str, Any]:
    """For programs: every figure as a number, with its unit in its name."""
    return {
        "works": report.works,
        "experts": [
            {**asdict(finding), "works": finding.works, "memory": _figures(finding.memory)}
            for finding in report.experts
        ],
        "families": [
            {**asdict(family), "memory": _figures(family.memory)} for family in report.families
        ],
        "near_misses": [asdict(miss) for miss in report.near],
    }


def _experts(findings: Sequence[Finding]) -> Table:
    table = Table("", "expert", "kind", "weights", "remarks")
    for finding in findings:
        mark = Text("ok", "green") if finding.works else Text("fails", "red")
        weights = gib(finding.memory.weights_bytes) if finding.memory else ""
        remarks = Text("\n".join((*finding.problems, *finding.notes)))
        table.add_row(mark, Text(finding.expert), finding.kind, weights, remarks)
    return table


def _families(families: Sequence[Sharing]) -> Table:
    """A line per family, which is one kind of engine."""
    table = Table(caption=_together(families), caption_justify="left")
    for title in ("family", "experts", "engines", "swaps"):
        table.add_column(title, overflow="fold")
    for title in ("to start", "one context", "a batch"):
        table.add_column(title, justify="right", no_wrap=True)
    for family in families:
        members, swaps = ", ".join(family.experts), str(family.swaps or "none")
        cells = (family.family, members, str(family.engines), swaps, *_sizes(family.memory))
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _sizes(memory: Footprint | None) -> tuple[str, str, str]:
    if memory is None:
        return "unknown", "", ""
    of_cache = (memory.kv_sequence_bytes, memory.kv_batch_bytes)
    context, batch = ("unknown" if size is None else gib(size) for size in of_cache)
    return gib(memory.least_bytes), context, batch


def _together(families: Sequence[Sharing]) -> str:
    known = [(f.memory.least_bytes, f.engines) for f in families if f.memory is not None]
    engines, swaps = sum(f.engines for f in families), sum(f.engines * f.swaps for f in families)
    start = gib(sum(size * count for size, count in known)) if known else "unknown"
    partly = f" ({len(families) - len(known)} unknown)" if 0 < len(known) < len(families) else ""
    return (
        f"Engines: {engines}. Swaps in a round that asks everybody: at most {swaps}. Memory to "
        f"start all: {start}{partly}. To start, an engine holds its weights, the KV cache of one "
        f"context and a margin; the cache of a batch is that of {REPLIES} replies."
    )


def _remarks(report: Report) -> list[Text]:
    """What is wrong with whole families, and why some experts do not share one."""
    wrong = [
        Text(f"{family.family}: {problem}", "red")
        for family in report.families
        for problem in family.problems
    ]
    near = [
        Text(f"{miss.one} and {miss.other} share no engine: {miss.why}") for miss in report.near
    ]
    return wrong + near


def _figures(memory: Footprint | None) -> dict[str, Any] | None:
    if memory is None:
        return None
    return {
        **asdict(memory),
        "kv_sequence_bytes": memory.kv_sequence_bytes,
        "kv_batch_bytes": memory.kv_batch_bytes,
        "least_bytes": memory.least_bytes,
        "batch_bytes": memory.batch_bytes,
    }
