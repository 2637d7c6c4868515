"""How fast questions become vectors, beside sentence-transformers run as its manual says.

    python benchmarks/encoder.py [QUESTIONS] [--json]

QUESTIONS is a file of recorded answers, whose questions are encoded; without one it is what the
built-in specialists were tested on. Both ways take turns on one thread, so that a busy machine
slows both; compare only what one run says with what the same run says. Milliseconds of CPU leave
out the time a busy machine gave to others.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
import typer

from experts.builtin.labelled import labelled
from experts.recordings import read
from routing.encoder import SentenceEncoder, Vectors, packaged_minilm

MOST = 1000  # questions
LENGTHS = (12, 43, 128)  # tokens: short, the median question of MMLU-Pro, cut off
ROUNDS, ALONE, BATCH = 5, 8, 64
MAX_TOKENS = 128
OURS, THEIRS = "convene", "sentence-transformers"
START = {
    OURS: "import asyncio; from routing.encoder import SentenceEncoder\n"
    "asyncio.run(SentenceEncoder(threads=1).encode(['a question']))\n",
    THEIRS: "from routing.encoder import packaged_minilm\n"
    "from sentence_transformers import SentenceTransformer\n"
    "SentenceTransformer(packaged_minilm(), local_files_only=True).encode(['a question'])\n",
}
MEMORY = "import psutil; print(psutil.Process().memory_info().rss / 1e6)"


class Spent(NamedTuple):
    """Milliseconds for one text."""

    wall: float
    cpu: float


MIDDLES: dict[str, Callable[[Sequence[Spent]], float]] = {
    "ms p50": lambda all_spent: statistics.median(spent.wall for spent in all_spent),
    "ms p95": lambda all_spent: statistics.quantiles([s.wall for s in all_spent], n=20)[-1],
    "ms of CPU p50": lambda all_spent: statistics.median(spent.cpu for spent in all_spent),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path, nargs="?", help="a file of recorded answers")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    found = asyncio.run(measure(_questions(options.questions)))
    if options.json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        shown = value if isinstance(value, dict) else {"": value}
        columns = "".join(f"  {way} {number:.5g}".rjust(34) for way, number in shown.items())
        typer.echo(f"{name:<36}{columns}")


async def measure(questions: Sequence[str]) -> dict[str, Any]:
    """Medians over rounds; in each, either way does the same work."""
    started = {way: await asyncio.to_thread(_started, code) for way, code in START.items()}
    theirs, ours = _reference(), SentenceEncoder(threads=1, max_tokens=MAX_TOKENS)
    mine = await ours.encode(questions)

    async def encode(way: str, texts: Sequence[str]) -> None:
        await ours.encode(texts) if way == OURS else theirs(texts)

    times: dict[str, dict[str, list[Spent]]] = {}
    for _ in range(ROUNDS):
        for way in (OURS, THEIRS):
            for name, text in _by_length(questions).items():
                for _ in range(ALONE):
                    spent = await _timed(encode(way, [text]))
                    times.setdefault(f"alone, {name}", {}).setdefault(way, []).append(spent)
            batch = questions[:BATCH]
            spent = await _timed(encode(way, batch), len(batch))
            times.setdefault(f"each of {len(batch)}", {}).setdefault(way, []).append(spent)
    milliseconds = {
        f"{name}, {kind}": {way: middle(times[name][way]) for way in (OURS, THEIRS)}
        for name in times
        for kind, middle in MIDDLES.items()
    }
    start = {
        name: {way: started[way][i] for way in (OURS, THEIRS)}
        for i, name in enumerate(("first vector after, s", "resident memory, MB"))
    }
    return {**milliseconds, **start, **_fidelity(mine, theirs(questions))}


def _questions(path: Path | None) -> list[str]:
    if path is None:
        return [q.question for q in labelled("test", MOST, seed=11)]
    return [recording.question for recording in read(path)][:MOST]


def _reference() -> Callable[[Sequence[str]], Vectors]:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(packaged_minilm(), local_files_only=True)
    model.max_seq_length = MAX_TOKENS

    def encode(texts: Sequence[str]) -> Vectors:
        vectors = model.encode(
            list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)

    return encode


def _by_length(questions: Sequence[str]) -> dict[str, str]:
    """For each length a text of so many tokens: the questions one after another, cut short."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(packaged_minilm()) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    text = " ".join(questions[:MAX_TOKENS])
    ends = [end for _, end in tokenizer.encode(text).offsets]
    return {f"{tokens} tokens": text[: ends[tokens - 2]] for tokens in LENGTHS}


async def _timed(work: Awaitable[None], texts: int = 1) -> Spent:
    started, cpu = perf_counter(), process_time()
    await work
    return Spent(1000 * (perf_counter() - started) / texts, 1000 * (process_time() - cpu) / texts)


def _started(code: str) -> tuple[float, float]:
    """Seconds until a new process has its first vector, and the memory it then has; of three
    starts the quickest, since the first one waits for the disk."""
    rounds = []
    for _ in range(3):
        started = perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code + MEMORY], capture_output=True, text=True, check=True
        )
        rounds.append((perf_counter() - started, float(done.stdout)))
    return min(rounds)


def _fidelity(ours: Vectors, theirs: Vectors) -> dict[str, float]:
    cosines = (ours * theirs).sum(axis=1)
    nearest = [_nearest(vectors) for vectors in (ours, theirs)]
    return {
        "cosine to theirs, mean": float(cosines.mean()),
        "cosine to theirs, least": float(cosines.min()),
        "same nearest question": float((nearest[0] == nearest[1]).mean()),
    }


def _nearest(vectors: Vectors) -> Any:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    return cosines.argmax(axis=1)


if __name__ == "__main__":
    main()
