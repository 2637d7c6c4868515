"""Recordings as arrays: what baselines and statistics compute with. Made once per file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from experts.recordings import RecordedReply, Recording
from orchestrator.agreement import Likeness, representatives
from orchestrator.answers import final_answer
from orchestrator.ballots import NONE, OPEN_ANSWERS
from orchestrator.grading import is_right
from orchestrator.replay import UNKNOWN
from routing.encoder import Vectors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Row = tuple[Sequence[float], Sequence[int], Sequence[float]]  # scores, answers, costs

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
        cls,
        recordings: Sequence[Recording],
        experts: Sequence[str],
        vectors: Vectors,
        likeness: Likeness = UNKNOWN,
    ) -> "Table":
        """Each distinct reply is read once. A vector a recording, in order."""
        rows = [_row(recording, experts, likeness) for recording in recordings]
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


def _row(recording: Recording, experts: Sequence[str], likeness: Likeness) -> Row:
    texts = {text for r in recording.replies.values() if (text := r.answer or r.text)}
    read = {text: final_answer(text, recording.options) for text in sorted(texts)}
    said = [answer for answer in read.values() if answer is not None]
    right = {answer: is_right(answer, recording) for answer in said}
    alike = {} if recording.options else representatives(said, likeness)
    codes: dict[str, int] = {}
    scores, answers, costs = [], [], []
    for expert in experts:
        reply = recording.replies.get(expert)
        answer = None if reply is None else _answer(reply, expert, read)
        same = alike.get(answer, answer) if answer else None
        scores.append(
            np.nan if reply is None else _score(reply, recording, right.get(answer or ""))
        )
        answers.append(NONE if same is None else codes.setdefault(same, len(codes)))
        costs.append(0.0 if reply is None else np.nan if reply.cost_usd is None else reply.cost_usd)
    return scores, answers, costs


def _answer(reply: RecordedReply, expert: str, read: Mapping[str, str | None]) -> str | None:
    if text := reply.answer or reply.text:
        return read[text]
    # of a score alone nothing is known but whose it is: it agrees with no other
    return None if reply.score is None else f"\0{expert}"


def _score(reply: RecordedReply, recording: Recording, right: bool | None) -> float:
    if reply.score is not None:
        return reply.score
    return np.nan if recording.gold is None else float(bool(right))
