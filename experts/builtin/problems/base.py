"""What a problem is, and how its operands and wordings are kept apart between splits."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

Split = Literal["train", "validation", "test"]
Operands = tuple[str | int, ...]

_TRAIN, _VALIDATION = 70, 85  # percent of operands below which a split ends
_LEAD_INS = (
    "{}", "{}", "{}", "{}", "{}", "Please help me. {}", "Quick question: {}", "Hello! {}",
    "{} Thank you.", "{} Please answer briefly.", "I need an answer. {}", "Tell me this: {}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its one right answer and a reply that works it out."""

    id: str  # skill/kind/operands/wording
    skill: str
    question: str
    answer: str
    working: str

    @property
    def kind(self) -> str:
        """The task within the skill, as `add` in `arithmetic`."""
        return self.id.split("/")[1]

    @property
    def operands(self) -> str:
        """What the question is about, whatever its wording."""
        return self.id.split("/")[2]


@dataclass(frozen=True, slots=True)
class Solution:
    """What operands put into a wording, and what follows from them."""

    blanks: Mapping[str, str | int]
    answer: str
    steps: str


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of problem. A fact is split by its wording alone, as it cannot be inferred."""

    skill: str
    kind: str
    training: tuple[str, ...]
    held_out: tuple[str, ...]
    draw: Callable[[Random], Operands]
    solve: Callable[[Operands], Solution]
    fact: bool = False
    practice: Callable[[Random], Operands] | None = None  # more operands, for training alone

    def problem(self, split: Split, rng: Random) -> Problem:
        """A random problem of the split."""
        wordings = self.training if split == "train" else self.held_out
        if split == "train" and self.practice and rng.random() < 0.5:
            number = rng.randrange(len(wordings))
            return self._worded(split, self.practice(rng), number, rng.choice(_LEAD_INS))
        while True:
            operands, number = self.draw(rng), rng.randrange(len(wordings))
            if self._belongs(split, operands, number):
                return self._worded(split, operands, number, rng.choice(_LEAD_INS))

    def _belongs(self, split: Split, operands: Operands, number: int) -> bool:
        key = f"{self.skill}/{self.kind}/{operands}"
        if not self.fact:
            return split_of(key) == split
        if split == "train":
            return True
        return (zlib.crc32(f"{key}/{number}".encode()) % 2 == 0) == (split == "validation")

    def _worded(self, split: Split, operands: Operands, number: int, lead_in: str) -> Problem:
        solution = self.solve(operands)
        wordings = self.training if split == "train" else self.held_out
        question = wordings[number].format(**solution.blanks)
        if question[0].islower():
            question = question[0].upper() + question[1:]
        name = "t" if split == "train" else "h"
        key = " ".join(str(operand).replace("/", " ") for operand in operands)
        return Problem(
            id=f"{self.skill}/{self.kind}/{key}/{name}{number}",
            skill=self.skill,
            question=lead_in.format(question),
            answer=solution.answer,
            working=f"{solution.steps} {direct(solution.answer)}",
        )


def direct(answer: str) -> str:
    """The reply that gives an answer without working."""
    return f"The answer is {answer}."


def split_of(key: str) -> Split:
    """The split that operands belong to; the same on every machine and run."""
    percent = zlib.crc32(key.encode()) % 100
    if percent < _TRAIN:
        return "train"
    return "validation" if percent < _VALIDATION else "test"
