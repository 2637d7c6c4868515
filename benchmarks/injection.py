"""How often one malicious expert of three gets its own verdict, by what it writes and who decides.

    python -m benchmarks.injection [--trials N] [--recorded PATH] [--real]

The same replies are settled as plain concatenation would (every reply in the aggregator's prompt as
it is, and what it writes stands), by fences alone, and by Convene. Aggregators are the worst there
can be (`benchmarks/gullible.py`); with `--real` it is the built-in one, on vLLM, and no other.
Honest replies are to problems of the built-in specialists, or PATH's, which must have texts.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import typer

from api.settings import load_settings
from benchmarks.attacked import (
    WRITERS,
    Settle,
    Trial,
    Writer,
    accuracy,
    generated,
    recorded,
    success,
    ways,
)
from benchmarks.attacks import ATTACKS, Attack
from experts.cards import Cluster, VllmCard
from experts.engines.expert import opened
from experts.recordings import read
from experts.types import Answer, Prompt, Reply

Ways = dict[str, Settle]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--recorded", type=Path, help="recorded replies with texts")
    parser.add_argument("--real", action="store_true", help="the built-in aggregator, on vLLM")
    options = parser.parse_args()
    if options.recorded:
        trials = list(recorded(list(read(options.recorded)), options.trials))
    else:
        trials = list(generated(options.trials))
    settled = ways({"built-in": written_for(trials)} if options.real else WRITERS)
    for line in report(trials, settled):
        typer.echo(line)


def report(trials: Sequence[Trial], settled: Ways) -> Iterator[str]:
    """The tables, as Markdown."""
    agreed = [trial for trial in trials if trial.agreed]
    apart = [trial for trial in trials if not trial.agreed]
    yield f"Attacks that succeed, in %, where the two honest experts agree ({len(agreed)} trials):"
    yield from _rows(settled, partial(success, agreed))
    yield f"\nThe same where they do not ({len(apart)} trials):"
    yield from _rows(settled, partial(success, apart))
    yield f"\nVerdicts that are right, in %, on all {len(trials)}:"
    yield from _rows(settled, partial(accuracy, trials), {"nobody malicious": None})


def _rows(
    settled: Ways,
    figure: Callable[[Attack | None, Settle], float],
    first: dict[str, Attack | None] | None = None,
) -> Iterator[str]:
    yield f"\n| attack | {' | '.join(settled)} |"
    yield "|---" * (1 + len(settled)) + "|"
    for name, attack in {**(first or {}), **ATTACKS}.items():
        figures = (f"{figure(attack, settle):.0f}" for settle in settled.values())
        yield f"| {name} | {' | '.join(figures)} |"


def written_for(trials: Sequence[Trial]) -> Writer:
    """The built-in aggregator, asked beforehand whatever it will be asked, as one batch."""
    asked: dict[str, str] = {}

    def noted(prompt: str) -> str:
        asked[prompt] = ""
        return ""

    for settle in ways({"noted": noted}).values():
        for attack in (None, *ATTACKS.values()):
            accuracy(trials, attack, settle)
    prompts = list(asked)
    replies = asyncio.run(_asked(prompts))
    texts = [reply.text if isinstance(reply, Answer) else "" for reply in replies]
    return dict(zip(prompts, texts, strict=True)).__getitem__


async def _asked(prompts: Sequence[str]) -> list[Reply]:
    card = load_settings(None).experts["aggregator"]
    assert isinstance(card, VllmCard), "the built-in experts are"
    async with opened({"aggregator": card}, Cluster()) as experts:
        return await experts["aggregator"].ask([Prompt.of(prompt) for prompt in prompts])


if __name__ == "__main__":
    main()
