"""Ballots: who gave which answer to the questions of the evidence, as numbers.

Answers of one question are equal if their numbers are. A choice's number is its letter's place
in the alphabet, so that habits of preferring a letter can be seen across questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experts.recordings import Recording
from orchestrator.agreement import Likeness, representatives
from orchestrator.grading import answer_of, gold_of, is_right, score_of

NONE = -1
NOBODYS = ""  # no reply is read as this
OPEN_ANSWERS = 10  # of an open question: how soon two wrong experts are wrong alike
CHOICES = 26

Codes = NDArray[np.int16]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Ballots:
    """Recorded answers of some experts."""

    experts: tuple[str, ...]
    answers: Codes  # shape (questions, experts); NONE where none could be read or nobody asked
    gold: Codes  # shape (questions,); NONE where the right answer is not known
    possible: NDArray[np.float64]  # shape (questions,): how many answers there could be
    choice: Marks  # shape (questions,): whether the answer is a letter

    @classmethod
    def of(cls, recordings: Sequence[Recording], experts: Sequence[str]) -> "Ballots":
        """One row per recording, in order. An expert that replied to none is left out: of its
        votes nothing can be learned."""
        known = {expert for recording in recordings for expert in recording.replies}
        experts = tuple(expert for expert in experts if expert in known)
        answers = np.full((len(recordings), len(experts)), NONE, np.int16)
        gold = np.full(len(recordings), NONE, np.int16)
        for row, recording in enumerate(recordings):
            codes = {chr(ord("A") + i): i for i in range(len(recording.options))}
            said = _said(recording)
            for column, expert in enumerate(experts):
                if expert in said:
                    answers[row, column] = codes.setdefault(said[expert], len(codes))
            right = _right(recording, said)
            if right is not None:
                gold[row] = codes.setdefault(right, len(codes))
        return cls(
            experts,
            answers,
            gold,
            np.array([max(len(r.options) or OPEN_ANSWERS, 2) for r in recordings], np.float64),
            np.array([bool(r.options) for r in recordings], np.bool_),
        )

    def rows(self, chosen: NDArray[np.intp]) -> "Ballots":
        """These questions only."""
        return Ballots(
            self.experts,
            self.answers[chosen],
            self.gold[chosen],
            self.possible[chosen],
            self.choice[chosen],
        )

    @property
    def countable(self) -> Marks:
        """Questions that a vote can be learned from, shape (questions,)."""
        voted: Marks = (self.answers != NONE).any(axis=1)
        countable: Marks = voted & (self.gold != NONE)
        return countable

    @property
    def right(self) -> Marks:
        """Who gave the right answer, shape (questions, experts)."""
        right: Marks = (self.answers == self.gold[:, None]) & (self.answers != NONE)
        return right

    @property
    def wrong(self) -> Marks:
        """Who gave another answer than the right one, shape (questions, experts)."""
        wrong: Marks = (self.answers != self.gold[:, None]) & (self.answers != NONE)
        return wrong


def _said(recording: Recording) -> dict[str, str]:
    """What each expert answered, as a deliberation counts it: open answers that are the same,
    differently put, are one."""
    read = {expert: answer_of(recording, expert) for expert in recording.replies}
    said = {expert: answer for expert, answer in read.items() if answer is not None}
    if recording.options:
        return said
    alike = representatives(said.values(), Likeness())
    return {expert: alike[answer] for expert, answer in said.items()}


def _right(recording: Recording, said: Mapping[str, str]) -> str | None:
    """The right answer; None where the file cannot tell."""
    gold = gold_of(recording)
    if gold is not None:
        return next((answer for answer in said.values() if is_right(answer, recording)), gold)
    return _said_by_the_right(recording, said)


def _said_by_the_right(recording: Recording, said: Mapping[str, str]) -> str | None:
    """Where the file has scores and no gold answer: what a fully right reply answered; where all
    are fully wrong, an answer that nobody gave. None where right replies differ: then their words
    are not what makes answers equal."""
    scores = {expert: score_of(recording, expert) for expert in recording.replies}
    right = {said[expert] for expert, score in scores.items() if score == 1 and expert in said}
    if len(right) == 1:
        return right.pop()
    return NOBODYS if scores and all(score == 0 for score in scores.values()) else None
