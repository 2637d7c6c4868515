"""Everything that is measured of many experts on few engines, in one go.

    python -m benchmarks.batch [--json] [--rounds 3] [--chart docs/batch.svg]

Three parts, each a benchmark of its own in a process of its own: `makespan` (batches on real
engines), `online` (waits and swaps, simulated and on a real engine) and `simulated` (the scheduler
on costs of 7B models). At the end stands what was to be reached and what was.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import typer

PARTS = ("simulated", "online", "makespan")
PART_SECONDS = 3_600.0
PAUSE = 10.0  # seconds that Symbolic-MoE's published code sleeps after each engine

Found = Mapping[str, Any]


class Line(NamedTuple):
    """Something to reach."""

    what: str
    reached: float
    bound: float
    most: bool = True  # whether the bound is the most it may be, or the least

    @property
    def met(self) -> bool:
        return self.reached <= self.bound if self.most else self.reached >= self.bound

    def __str__(self) -> str:
        sign = "<=" if self.most else ">="
        verdict = "reached" if self.met else "NOT REACHED"
        return f"{self.what:<78}{self.reached:>9.3f} {sign} {self.bound:<7g}{verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chart", type=Path, help="draw the result into this SVG file")
    chosen = parser.parse_args()
    found = {part: _part(part, chosen.rounds, quiet=chosen.json) for part in PARTS}
    if chosen.chart:
        from benchmarks.batch_chart import batch_chart

        chosen.chart.write_text(batch_chart(found), "utf-8")
    if chosen.json:
        reached = [line._asdict() | {"met": line.met} for line in targets(found)]
        typer.echo(json.dumps({**found, "targets": reached}, indent=2))
        return
    typer.echo("\nTo reach")
    for line in targets(found):
        typer.echo(str(line))


def _part(part: str, rounds: int, *, quiet: bool) -> Found:
    """What a part found; its readable form goes to the terminal."""
    command = [sys.executable, "-m", f"benchmarks.{part}", "--json"]
    command += ["--rounds" if part != "simulated" else "--seeds", str(rounds)]
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=PART_SECONDS
    )
    found: Found = json.loads(ran.stdout)
    if not quiet:
        typer.echo(f"\n{part}\n{ran.stdout}")
    return found


def targets(found: Mapping[str, Found]) -> Iterator[Line]:
    """What was to be reached, beside what was."""
    makespan = found["makespan"]
    yield Line("makespan / all weights resident", makespan["ours / all resident"], 1.15)
    yield Line(
        "the same, weights from disk at every swap",
        makespan["ours with weights from disk / all resident"],
        1.15,
    )
    name = "ours with routing included / all resident without routing"
    yield Line("the same with routing included, which the bound leaves out", makespan[name], 1.15)
    alone = makespan["ours / generation alone, large batch"]
    yield Line("large batch / generation alone", alone, 1.05)
    built = makespan["an engine built per expert / ours"]
    yield Line("Symbolic-MoE's schedule / ours", built, 3, most=False)
    pauses = PAUSE * makespan["experts asked"] / makespan["batch, seconds"]
    yield Line("the same with the pauses of its published code", built + pauses, 3, most=False)
    single = makespan["an engine built per call / ours (extrapolated)"]
    yield Line("loading per question (extrapolated) / ours", single, 50, most=False)
    rounds = makespan["batch, waves"]
    swaps = makespan["batch, swaps"]
    yield Line("swaps / (rounds x experts)", swaps / (rounds * makespan["experts asked"]), 1)
    yield Line("engines built", makespan["batch, engines"], 1)
    yield from _online(found["online"])
    yield from _simulated(found["simulated"])


def _online(found: Found) -> Iterator[Line]:
    """Ours against the two others, at each load of each engine."""
    for engine, table in found.items():
        for load, rows in table.items():
            ours = rows[next(name for name in rows if name.startswith("bounded, "))]
            for other in ("in order", "drained"):
                name = f"{engine}, {load}: ours / {other}"
                yield Line(f"{name}, swaps", _ratio(ours, rows[other], "swaps"), 1)
                yield Line(f"{name}, p95 wait", _ratio(ours, rows[other], "p95 wait, s"), 1)
            longest = ours["longest wait, s"] / ours["bound, s"]
            yield Line(f"{engine}, {load}: longest wait / bound", longest, 1)


def _ratio(ours: Mapping[str, float], other: Mapping[str, float], figure: str) -> float:
    return ours[figure] / other[figure] if other[figure] else 1.0


def _simulated(found: Found) -> Iterator[Line]:
    layouts = next(iter(found.values()))
    worst = max(layouts, key=lambda row: row["at most "])
    yield Line(f"plan / lower bound, at worst ({worst['layout']})", worst["at most "], 1.05)
    slowest = max(layouts, key=lambda row: row["at most"])
    yield Line(f"seconds to plan, at most ({slowest['layout']})", slowest["at most"], 1)


if __name__ == "__main__":
    main()
