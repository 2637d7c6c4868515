"""What it costs to change the model of an engine, beside building an engine for it.

    python -m benchmarks.swaps [--gpus 0.8] [--shape 3B] [--rounds 5] [--out FILE]

Two random models of a published shape (`benchmarks.random_models`) take turns in one engine: read
from disk, held in host memory and, on a GPU, woken from vLLM's two levels of sleep. After each
change the model must say what it said at first. Beside it stands what cannot be beaten: the bytes
over the speed at which this machine copies them from host memory. The files were just written, so
"disk" is the page cache of a machine with enough memory.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import typer

from benchmarks.random_models import CONTEXT, SHAPES, model
from benchmarks.records import commit, machine, written
from experts.cards import VllmCard
from experts.engines.families import Family, families
from experts.engines.processes import Berth, environment
from tests.bench import replied
from tests.tiny_models import tokenizer

QUESTIONS = [f"How much is {n} and {n}?" for n in range(4)]
CROWD, TOKENS = 256, 64  # replies at once, and how long each is, to time an engine's steps
HOST_BYTES = 64 * 2**30
COPIED, COPIES = 2**30, 5  # bytes, and how often, to time copying


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", type=float, default=0, help="of one device; 0: on CPU")
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="written with .json and .md after it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="swaps-") as folder:
        told = measured(Path(folder), options.gpus, options.shape, options.rounds)
    typer.echo(page(told))
    if options.out:
        written(told, page(told), options.out)


def measured(folder: Path, gpus: float, shape: str, rounds: int) -> dict[str, Any]:
    """Everything, as JSON: seconds by what they were spent on."""
    tokens = tokenizer(folder / "tokenizer")
    bases = [model(folder / name, shape, seed) for seed, name in enumerate("ab")]
    card = {"tokenizer": str(tokens), "dtype": "bfloat16", "gpus": gpus, "max_model_len": CONTEXT}
    cards = {base.name: VllmCard(kind="vllm", model=str(base), **card) for base in bases}
    [family] = families(cards)
    # Each in a process of its own. The first compiles what the second finds compiled.
    first = in_a_process(family, rounds, 0)
    second = in_a_process(family, rounds, HOST_BYTES)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit(),
        "machine": machine(),
        "device": second["device"],
        "vllm": second["vllm"],
        "shape": shape,
        "bytes": sum(path.stat().st_size for path in bases[0].glob("*.safetensors")),
        "bytes per second of a copy": second["link"],
        "seconds": {
            "engine built, for the first time": first["seconds"].pop("engine built"),
            **second["seconds"],
            **first["seconds"],
        },
    }


def in_a_process(family: Family, rounds: int, host_bytes: int) -> dict[str, Any]:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(lived, family, rounds, host_bytes).result()


def lived(family: Family, rounds: int, host_bytes: int) -> dict[str, Any]:
    """An engine's life: without host memory its models come from disk, else they are held."""
    berth = Berth("here", ("0",) if family.gpus else ())
    os.environ.update(environment(berth, os.cpu_count() or 1, offline=True))
    import torch
    import vllm

    from experts.engines.engine import Engine

    a, b = family.bases
    engine = Engine(family, a, host_bytes=host_bytes, sleeps=bool(family.gpus))
    spent: dict[str, list[float]] = {"engine built": [engine.start_seconds]}
    texts = {a: says(engine)}
    engine.swap(b)
    texts[b] = says(engine)
    assert texts[a] != texts[b], "two models say the same"

    def change(name: str, how: Callable[[str], Any]) -> None:
        for base in islice(cycle((a, b)), 2 * rounds):
            spent.setdefault(name, []).append(seconds(partial(how, base)))
            assert says(engine) == texts[base], f"{base} says something else, {name}"

    if host_bytes:
        engine.swap(a)
        engine.swap(b)  # now both are held
    change("swap, held in host memory" if host_bytes else "swap, from disk", engine.swap)
    for level in (1, 2) if host_bytes and family.gpus else ():

        def nap(base: str, level: int = level) -> None:
            slept = seconds(partial(engine.sleep, level))
            spent.setdefault(f"to sleep, level {level}", []).append(slept)
            engine.wake(base)

        change(f"to sleep and awake as the other, level {level}", nap)
    if host_bytes:
        spent["a step of one reply"] = [step_seconds(engine, 1)]
        spent[f"a step of {CROWD} replies"] = [step_seconds(engine, CROWD)]
    engine.close()
    return {
        "seconds": spent,
        "device": torch.cuda.get_device_name() if family.gpus else "cpu",
        "vllm": vllm.__version__,
        "link": bytes_per_second(torch, bool(family.gpus)),
    }


def says(engine: Any) -> list[str]:
    said = replied(engine, QUESTIONS, 24)
    return [said[question] for question in QUESTIONS]


def step_seconds(engine: Any, replies: int) -> float:
    """Of a forward pass that writes a token of each of so many replies."""
    prompts = [f"{number} and {number}?" for number in range(replies)]
    replied(engine, prompts, 2)  # so that what is timed reads no prompt for the first time
    before = engine.steps
    spent = seconds(lambda: replied(engine, prompts, TOKENS))
    return spent / (engine.steps - before)


def seconds(do: Callable[[], Any]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def bytes_per_second(torch: Any, cuda: bool) -> float:
    """At which host memory (pinned, where there is a GPU) is copied to the device."""
    host = torch.empty(COPIED, dtype=torch.uint8, pin_memory=cuda).fill_(1)
    there = torch.empty_like(host, device="cuda" if cuda else "cpu")

    def copy() -> None:
        there.copy_(host)
        if cuda:
            torch.cuda.synchronize()

    copy()
    return COPIED / min(seconds(copy) for _ in range(COPIES))


def page(told: dict[str, Any]) -> str:
    """The figures for people."""
    bound = told["bytes"] / told["bytes per second of a copy"]
    rows = [
        f"| {name} | {statistics.median(spent):.4f} | {max(spent):.4f} | {len(spent)} |"
        for name, spent in told["seconds"].items()
    ]
    return "\n".join(
        [
            "# Changing the model of an engine",
            "",
            f"{told['date']}, commit {told['commit']}, {told['machine']}, {told['device']}, vLLM "
            f"{told['vllm']}; two random models of shape {told['shape']}, "
            f"{told['bytes'] / 1e9:.2f} GB each, which this machine copies in {bound:.4f} s "
            f"({told['bytes per second of a copy'] / 1e9:.1f} GB/s).",
            "",
            "| what | seconds, median | largest | times |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
