"""Recordings as arrays: what baselines and statistics compute with. Made once per file."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from experts.recordings import RecordedReply, Recording
from orchestrator.answers import final_answer
from orchestrator.grading import gold_of
from routing.encoder import Vectors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Row = tuple[Sequence[float], Sequence[int], Sequence[float]]  # scores, answers, costs

NO_ANSWER = -1
OPEN_ANSWERS = 10  # how many answers an open question is taken to have
UNLABELLED = "(none)"  # the category of questions without one


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """What may be known of questions before anybody answers them."""

    vectors: Vectors  # (questions, dimension); unit length
    categories: NDArray[np.str_]  # (questions,)

    def __len__(self) -> int:
        return len(self.categories)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One row a question, one column an expert."""

    experts: tuple[str, ...]
    scores: Floats  # 0..1; NaN where there is no reply, or no way to grade it
    answers: Ints  # equal numbers in a row are equal answers; -1 where there is none
    costs: Floats  # dollars; 0 where there is no reply, NaN where the price is unknown
    possible: Ints  # (questions,): how many answers a question has
    categories: NDArray[np.str_]  # (questions,)
    vectors: Vectors  # (questions, dimension); unit length

    @classmethod
    def of(
        cls, recordings: Sequence[Recording], experts: Sequence[str], vectors: Vectors
    ) -> "Table":
        """Each distinct reply is read once. A vector a recording, in order."""
        rows = [_row(recording, experts) for recording in recordings]
        shape = (len(rows), len(experts))
        return cls(
            tuple(experts),
            np.array([row[0] for row in rows], np.float64).reshape(shape),
            np.array([row[1] for row in rows], np.int64).reshape(shape),
            np.array([row[2] for row in rows], np.float64).reshape(shape),
            np.array([len(r.options) or OPEN_ANSWERS for r in recordings], np.int64),
            np.array([r.category or UNLABELLED for r in recordings], np.str_),
            vectors,
        )

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: Ints | NDArray[np.bool_]) -> "Table":
        """These questions alone."""
        parts = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "experts"}
        return Table(self.experts, **{name: part[rows] for name, part in parts.items()})

    @classmethod
    def joined(cls, tables: Sequence["Table"]) -> "Table":
        """Tables of the same experts, one below the other."""
        names = [f.name for f in fields(cls) if f.name != "experts"]
        parts = {name: np.concatenate([getattr(t, name) for t in tables]) for name in names}
        return cls(tables[0].experts, **parts)

    @property
    def graded(self) -> Floats:
        """Scores as results count them: no reply is worth nothing."""
        return np.nan_to_num(self.scores)

    @property
    def questions(self) -> Questions:
        """The questions without what was replied to them."""
        return Questions(self.vectors, self.categories)

    @property
    def votable(self) -> bool:
        """Whether any two experts ever gave the same answer; scores alone cannot be voted on."""
        ordered = np.sort(self.answers, axis=1)
        return bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any())


def _row(recording: Recording, experts: Sequence[str]) -> Row:
    codes: dict[str, int] = {}
    read: dict[str, int] = {}  # a reply's text -> the code of its answer
    gold = gold_of(recording)
    right = codes.setdefault(gold, 0) if gold is not None else NO_ANSWER
    scores, answers, costs = [], [], []
    for expert in experts:
        reply = recording.replies.get(expert)
        answer = NO_ANSWER if reply is None else _answer(reply, expert, recording, codes, read)
        scores.append(np.nan if reply is None else _score(reply, recording, answer, right))
        answers.append(answer)
        costs.append(0.0 if reply is None else np.nan if reply.cost_usd is None else reply.cost_usd)
    return scores, answers, costs


def _answer(
    reply: RecordedReply,
    expert: str,
    recording: Recording,
    codes: dict[str, int],
    read: dict[str, int],
) -> int:
    text = reply.answer or reply.text
    if not text:  # of a score alone nothing is known but whose it is: it agrees with no other
        return NO_ANSWER if reply.score is None else codes.setdefault(f"\0{expert}", len(codes))
    if text not in read:
        answer = final_answer(text, recording.options)
        read[text] = NO_ANSWER if answer is None else codes.setdefault(answer, len(codes))
    return read[text]


def _score(reply: RecordedReply, recording: Recording, answer: int, right: int) -> float:
    if reply.score is not None:
        return reply.score
    if recording.gold is None:
        return np.nan
    return float(answer == right != NO_ANSWER)
