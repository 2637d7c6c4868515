"""How well prose answers are grouped by meaning, on labelled pairs: precision and recall.

    python benchmarks/meanings.py

Thresholds are chosen on one half of the questions and reported on the other. "cosine alone" is
what an embedding without a look at the words would do.
"""

import asyncio
from collections.abc import Sequence

import typer

from orchestrator.agreement import prose
from orchestrator.answers import normalise
from routing.encoder import SentenceEncoder, Vectors
from tests.meanings import LATER, PARAGRAPHS, QUESTIONS, UNSEEN, pairs

Labelled = tuple[str, str, bool]
THRESHOLDS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def main() -> None:
    sets = {
        "sentences, to choose on": pairs(0),
        "sentences, to report on": pairs(1),
        "paragraphs": pairs(0, PARAGRAPHS) + pairs(1, PARAGRAPHS),
        "sentences written later": pairs(0, LATER) + pairs(1, LATER),
        "sentences written last": pairs(0, UNSEEN) + pairs(1, UNSEEN),
    }
    every = [*QUESTIONS.values(), *PARAGRAPHS.values(), *LATER.values(), *UNSEEN.values()]
    vectors = asyncio.run(encoded(every))
    for name, labelled in sets.items():
        same = sum(alike for *_, alike in labelled)
        typer.echo(f"\n{name}: {len(labelled)} pairs, {same} of them the same")
        for threshold in THRESHOLDS:
            joined = [
                alike
                for one, other, alike in labelled
                if vectors[normalise(one)] @ vectors[normalise(other)] >= threshold
            ]
            typer.echo(f"  cosine alone >= {threshold:<6}{_figures(joined, same)}")
        typer.echo(f"  words, then cosine   {_figures(joined_by(labelled, vectors), same)}")


async def encoded(questions: Sequence[Sequence[Sequence[str]]]) -> dict[str, Vectors]:
    """Vectors of all texts and of the words that are compared."""
    wanted: set[str] = set()
    for groups in questions:
        texts = [normalise(text) for group in groups for text in group]
        wanted |= {*texts, *prose.worth_encoding(texts)}
    listed = sorted(wanted)
    return dict(zip(listed, await SentenceEncoder().encode(listed), strict=True))


def joined_by(labelled: Sequence[Labelled], vectors: dict[str, Vectors]) -> list[bool]:
    """Of every pair that is put in one group, whether it belongs there."""
    return [
        alike
        for one, other, alike in labelled
        if prose.clusters([normalise(one), normalise(other)], vectors)
    ]


def _figures(joined: Sequence[bool], same: int) -> str:
    right = sum(joined)
    precision = f"{right / len(joined):.2f}" if joined else "   -"
    return f"precision {precision}  recall {right / same:.2f}  false {len(joined) - right}"


if __name__ == "__main__":
    main()
