"""How fast the built-in panel answers on this machine: in a batch, and one question at a time.

    python benchmarks/panel.py [--json]

Real engines, real embeddings, real Redis. Seconds of a shared machine: compare only what one
run says with what the same run says.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import typer

from api.build import opened
from api.running import Running
from api.settings import load_settings
from experts.builtin.labelled import labelled
from experts.types import Prompt
from orchestrator.types import Request, Verdict

BATCH, ALONE = 960, 96
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    as_json = parser.parse_args().json
    found = asyncio.run(measure())
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        typer.echo(f"{name:<34}{value:>10.3f}")


async def measure() -> dict[str, float]:
    """Medians over rounds, batch and single questions taking turns."""
    settings = load_settings(None)
    with tempfile.TemporaryDirectory() as folder:
        service = settings.service.model_copy(update={"data": Path(folder)})
        started = perf_counter()
        async with opened(settings.model_copy(update={"service": service})) as running:
            ready = perf_counter() - started
            questions = [q.question for q in labelled("test", BATCH + ROUNDS * ALONE, seed=11)]
            rounds = [
                await _batch(running, questions[:BATCH])
                | await _alone(running, questions[BATCH + i * ALONE :][:ALONE])
                for i in range(ROUNDS)
            ]
    medians = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    return {"ready, seconds": ready, **medians}


async def _batch(running: Running, questions: Sequence[str]) -> dict[str, float]:
    before = await _engines(running)
    started = perf_counter()
    requests = [Request(Prompt.of(question)) for question in questions]
    verdicts = [v async for _, v in running.service.answer_all(requests) if isinstance(v, Verdict)]
    seconds = perf_counter() - started
    after = await _engines(running)
    return {
        "batch, questions/s": len(verdicts) / seconds,
        "batch, calls per question": sum(v.calls for v in verdicts) / len(verdicts),
        "batch, swaps": after["swaps"] - before["swaps"],
        "batch, share of time swapping": (after["swapping"] - before["swapping"]) / seconds,
    }


async def _alone(running: Running, questions: Sequence[str]) -> dict[str, float]:
    routes, answers = [], []
    for question in questions:
        started = perf_counter()
        verdict = await running.service.answer(Request(Prompt.of(question)))
        answers.append(1000 * (perf_counter() - started))
        routes.append(1000 * verdict.timings.route)
    return {
        "alone, p50 ms": statistics.median(answers),
        "alone, p95 ms": statistics.quantiles(answers, n=20)[-1],
        "alone, routing p50 ms": statistics.median(routes),
    }


async def _engines(running: Running) -> dict[str, Any]:
    engines = await running.engines()
    return {
        "swaps": sum(engine.swaps for engine in engines),
        "swapping": sum(engine.swap_seconds for engine in engines),
    }


if __name__ == "__main__":
    main()
