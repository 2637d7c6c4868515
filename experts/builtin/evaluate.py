"""Measures built-in models: `python -m experts.builtin.evaluate [NAME...] [--split test]`."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from random import Random

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from experts.builtin import MODELS
from experts.builtin.curriculum import AGGREGATOR, SPECIALISTS
from experts.builtin.panels import Panel, panel
from experts.builtin.problems import SKILLS, TASKS, Problem, Split, problems
from experts.builtin.tokenizer import END, chat, load

_ANSWER = re.compile(r"The answer is (.+?)\.?$")
_BATCH = 256
_VIEWS: dict[str, Callable[[Panel], bool]] = {
    "all": lambda one: True,
    "all agree": lambda one: len({said.answer for said in one.replies}) == 1,
    "somebody is right": lambda one: one.verdict == one.problem.answer,
    "most trusted is wrong": lambda one: one.replies[0].answer != one.problem.answer,
    "one is malicious": lambda one: one.attacked,
}


@dataclass(frozen=True, slots=True)
class Graded:
    """What a model said to a problem."""

    problem: Problem
    reply: str

    @property
    def right(self) -> bool:
        return answer_in(self.reply) == self.problem.answer


def answer_in(reply: str) -> str:
    """The answer that a reply ends with, or nothing."""
    found = _ANSWER.search(reply.strip())
    return found[1] if found else ""


def replies(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, questions: Sequence[str]
) -> list[str]:
    """Greedy replies, in the order of the questions."""
    said = [""] * len(questions)
    by_length = sorted(range(len(questions)), key=lambda i: len(questions[i]))
    for start in range(0, len(by_length), _BATCH):
        chosen = by_length[start : start + _BATCH]
        encoded = tokenizer([chat(questions[i]) for i in chosen], padding=True, return_tensors="pt")
        inputs, mask = encoded["input_ids"], encoded["attention_mask"]
        with torch.inference_mode():
            output = model.generate(
                input_ids=inputs, attention_mask=mask, max_new_tokens=64, do_sample=False
            )
        texts = tokenizer.batch_decode(output[:, inputs.shape[1] :])
        for i, text in zip(chosen, texts, strict=True):
            said[i] = text.split(END)[0]
    return said


def grade(folder: Path, asked: Sequence[Problem]) -> list[Graded]:
    """The model's replies to problems."""
    model, tokenizer = _loaded(folder), load()
    said = replies(model, tokenizer, [problem.question for problem in asked])
    return [Graded(problem, reply) for problem, reply in zip(asked, said, strict=True)]


def accuracy(graded: Sequence[Graded], by: str = "skill") -> dict[str, float]:
    """The share of right replies of each skill or kind."""
    groups: dict[str, list[bool]] = {}
    for one in graded:
        groups.setdefault(getattr(one.problem, by), []).append(one.right)
    return {group: sum(rights) / len(rights) for group, rights in groups.items()}


def panels(split: Split, count: int, seed: int) -> list[Panel]:
    """Panels balanced over the skills."""
    rng = Random(f"panels {split} {seed}")
    return [panel(split, rng.choice(TASKS[SKILLS[i % len(SKILLS)]]), rng) for i in range(count)]


def vote(asked: Panel) -> str:
    """The answer with most trust behind it, as a sum of log-odds: what a verdict has to beat."""
    weights: dict[str, float] = {}
    for said in asked.replies:
        weights[said.answer] = weights.get(said.answer, 0.0) + log(said.trust / (1 - said.trust))
    return max(weights, key=lambda answer: weights[answer])


def judge(folder: Path, asked: Sequence[Panel]) -> list[str]:
    """The aggregator's answers to panels."""
    said = replies(_loaded(folder), load(), [one.prompt for one in asked])
    return [answer_in(reply) for reply in said]


def verdicts(folder: Path, asked: Sequence[Panel]) -> Iterator[str]:
    """Lines that set the aggregator's verdicts beside the vote, for all panels and some of them."""
    judged = judge(folder, asked)
    for title, kept in _VIEWS.items():
        chosen = [(one, answer) for one, answer in zip(asked, judged, strict=True) if kept(one)]
        right = sum(answer == one.problem.answer for one, answer in chosen)
        voted = sum(vote(one) == one.problem.answer for one, _ in chosen)
        possible = sum(one.verdict == one.problem.answer for one, _ in chosen)
        total = max(1, len(chosen))
        yield (
            f"{title}: {len(chosen)} panels, aggregator {100 * right / total:.1f} %, "
            f"vote {100 * voted / total:.1f} %, best possible {100 * possible / total:.1f} %"
        )


def table(rows: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A markdown table of accuracies in percent."""
    yield f"| expert | {' | '.join(SKILLS)} | all |"
    yield f"|{' --- |' * (len(SKILLS) + 2)}"
    for name, row in rows.items():
        cells = [row[skill] for skill in SKILLS]
        cells.append(sum(cells) / len(cells))
        yield f"| {name} | {' | '.join(f'{100 * cell:.1f}' for cell in cells)} |"


def _loaded(folder: Path) -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    asked = problems(options.split, options.count, options.seed)
    rows = {}
    for name in options.names:
        folder = options.models / name
        if name == AGGREGATOR:
            _say("\n".join(verdicts(folder, panels(options.split, options.count, options.seed))))
            continue
        graded = grade(folder, asked)
        rows[name] = accuracy(graded)
        if options.kinds:
            figures = accuracy(graded, "kind").items()
            _say(f"{name}: {', '.join(f'{kind} {100 * share:.0f}' for kind, share in figures)}")
    _say("\n".join(table(rows)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*SPECIALISTS, AGGREGATOR])
    parser.add_argument("--split", default="validation", choices=["validation", "test"])
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--kinds", action="store_true", help="one figure per kind of problem, too")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
