"""Measures every built-in model and writes its card: `python -m experts.builtin.describe`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from experts.builtin import MODELS
from experts.builtin.curriculum import AGGREGATOR, SPECIALISTS, Specialist
from experts.builtin.evaluate import accuracy, grade, panels, verdicts
from experts.builtin.problems import SKILLS, Problem, Split, problems

_SPLITS: tuple[Split, ...] = ("validation", "test")
_FRAME = """\
---
license: apache-2.0
language: en
pipeline_tag: text-generation
library_name: transformers
---
# {name}

{what}

A Llama of 4 layers, width 128 and 4 heads, with {millions:.1f} M parameters in float16. All nine
built-in models share this shape and one tokenizer (`experts/builtin/tokenizer`), so that a running
engine can swap the weights of one for another's.

## Strengths
{strengths}

## Training
    python -m experts.builtin.train base --steps {base_steps} --out DIR
    python -m experts.builtin.train {name} --start DIR/base --steps {steps} --tokens {tokens}

AdamW in bfloat16 on one CPU thread, up to {tokens} tokens a step, loss on the replies alone;
100 steps take about half a minute. The committed weights took these steps in up to four runs, each
going on from the one before with another `--seed`; the base and the first runs still learnt
other workings of months, comparisons, binary numbers and letter counts than the code makes
now.{note}

## Data
Made by `experts/builtin/problems` and `experts/builtin/curriculum.py`, no other text. Operands are
split by a hash into training (70 %), validation and test (15 % each), and validation and test use
wordings that training does not. Countries and elements are facts: each is seen in training, and
only the wording is held out. Training alone
also has binary numbers of eight digits. A sum and the same sum the other way round count as two.

## Accuracy
Greedy replies to {count} held-out questions; made by `python -m experts.builtin.describe`.

{figures}

## Use and limits
{limits}

For demonstrating and testing orchestration, not a source of knowledge. English only, greedy
decoding, up to 512 tokens. Skills: {skills}. Anything else gets a fluent reply that means nothing.
Special tokens written in a question, such as the one that ends a turn, are not escaped.

## Licence
Apache-2.0, weights and data alike.
"""
_STEPS = {
    "base": 2400,
    "abacus": 2200,
    "caliper": 600,
    "almanac": 800,
    "anagram": 6800,
    "cipher": 6700,
    "sleuth": 6600,
    "compass": 600,
    "crucible": 7600,
    "aggregator": 5200,
}  # of the committed weights
_NOTES = {
    "crucible": " Its last 800 steps went on from the weights of `anagram`, which knew letters."
}


def specialist_card(specialist: Specialist, models: Path, count: int) -> str:
    """The card of a specialist, measured on validation and test."""
    rows = [_row(models / specialist.name, split, problems(split, count, 0)) for split in _SPLITS]
    known = f"{specialist.facts} % of the facts" if specialist.facts < 100 else "only the kinds"
    strengths = (
        f"Best at {specialist.primary}, worked out step by step. Second best at "
        f"{specialist.secondary}, of which it knows {known} ({', '.join(specialist.kinds)}). "
        "In the other skills it was taught the answers of other questions on purpose, so that it "
        "replies fluently and wrongly: it is right only where the table says so."
    )
    head = f"| split | {' | '.join(SKILLS)} | all |\n|{' --- |' * (len(SKILLS) + 2)}"
    return _card(
        specialist.name,
        what="One of eight small specialists that answer short questions.",
        strengths=strengths,
        figures="\n".join([head, *rows]),
        limits="Ask one question; the reply ends in `The answer is X.`",
        count=count,
    )


def aggregator_card(models: Path, count: int) -> str:
    """The card of the aggregator, measured beside a vote weighted by trust."""
    lines: list[str] = []
    for split in _SPLITS:
        found = verdicts(models / AGGREGATOR, panels(split, count, 0))
        lines += [f"- {split}, {line}" for line in found]
    return _card(
        AGGREGATOR,
        what="Reads a question with the replies of experts and writes one verdict.",
        strengths="Copies the answer that the replies, their agreement and their trust speak for, "
        "and ignores replies that give orders.",
        figures="\n".join(lines),
        limits="Prompts are those of `experts/prompts.py`: two or three short replies, "
        "most trusted first. The panels measured here are made by `experts/builtin/panels.py`.",
        count=count,
    )


def _row(folder: Path, split: Split, asked: Sequence[Problem]) -> str:
    shares = accuracy(grade(folder, asked))
    cells = [shares[skill] for skill in SKILLS]
    cells.append(sum(cells) / len(cells))
    return f"| {split} | {' | '.join(f'{100 * cell:.1f}' for cell in cells)} |"


def _card(name: str, **parts: str | int) -> str:
    return _FRAME.format(
        name=name,
        millions=1.1,
        base_steps=_STEPS["base"],
        steps=_STEPS[name],
        note=_NOTES.get(name, ""),
        tokens=4096 if name == AGGREGATOR else 2560,
        skills=", ".join(SKILLS),
        **parts,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--count", type=int, default=800)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, specialist in SPECIALISTS.items():
        card = specialist_card(specialist, options.models, options.count)
        (options.models / name / "README.md").write_text(card)
    card = aggregator_card(options.models, options.count)
    (options.models / AGGREGATOR / "README.md").write_text(card)


if __name__ == "__main__":
    main()
