"""Measures gateways side by side: `python -m benchmarks.gateway --help`."""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.gateway.load import Plan
from benchmarks.gateway.points import FULL, SHORT, Point
from benchmarks.gateway.results import document, markdown
from benchmarks.gateway.targets import ROOT, Bench, Target, bench
from benchmarks.records import written

SEED = 0  # of the order in which targets take turns
RESULTS = ROOT / "benchmarks" / "results"
START: dict[str, Callable[[Bench], Target]] = {
    "direct": Bench.direct,
    "forwarder": Bench.forwarder,
    "litellm": Bench.litellm,
    "convene": Bench.convene,
    "keys": lambda started: started.convene("Convene, keys", keys=True),
}
Found = dict[str, dict[str, list[dict[str, Any]]]]


def main(
    targets: Annotated[str, typer.Option(help="Which of " + ", ".join(START))] = ",".join(START),
    rounds: Annotated[int, typer.Option(min=1, help="Of which the median is told.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.2, help="Of each measurement.")] = 3.0,
    only: Annotated[str, typer.Option(help="Only loads whose name has this in it.")] = "",
    short: Annotated[bool, typer.Option("--short", help="A look: under a minute.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for gateway.json and gateway.md.")] = RESULTS,
) -> None:
    """Closed and open loops, plain and streamed, at the same upstream; targets take turns in random
    order, and whoever is not being measured is stopped."""
    if short:
        rounds, seconds, targets = 1, min(seconds, 1.0), targets.replace("litellm,", "")
    points = [point for point in (SHORT if short else FULL) if only in point.name]
    with tempfile.TemporaryDirectory(prefix="gateways-") as folder, bench(Path(folder)) as started:
        chosen = [START[name](started) for name in targets.split(",")]
        found = measured(points, chosen, rounds, seconds, random.Random(SEED))
        told = document(found, chosen)
    typer.echo(markdown(told))
    written(told, markdown(told), out / "gateway")


def measured(
    points: list[Point], targets: list[Target], rounds: int, seconds: float, dice: random.Random
) -> Found:
    """Every load of every target, in every round."""
    found: Found = {point.name: {} for point in points}
    for number in range(rounds):
        for point in points:
            takers = [target for target in targets if target.panels or not point.panel]
            for target in dice.sample(takers, len(takers)):
                one = measure(point, target, seconds)
                found[point.name].setdefault(target.name, []).append(one)
                typer.echo(
                    f"{number + 1}/{rounds} {point.name}: {target.name} {one['per_second']:.0f}/s "
                    f"p50 {one['p50'] or 0:.2f} ms {one['errors'] or ''}",
                    err=True,
                )
    return found


def measure(point: Point, target: Target, seconds: float) -> dict[str, Any]:
    """One load of one target, while the others stand still."""
    target.resume()
    began = target.cpu
    try:
        one = loaded(point.plan(target, seconds))
    finally:
        spent = target.cpu - began
        target.pause()
    answered = one["asked"]
    one["cpu_ms"] = 1000 * spent / answered if target.process and answered else None
    return one


def loaded(plan: Plan) -> dict[str, Any]:
    """What the generator saw."""
    command = [sys.executable, "-m", "benchmarks.gateway.load"]
    done = subprocess.run(
        command, cwd=ROOT, input=plan.written, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    typer.run(main)
