"""Reads recordings: what was asked, what each expert answered, and how right it was."""

from functools import lru_cache

from experts.recordings import Recording
from orchestrator.agreement import same
from orchestrator.answers import final_answer
from routing.profile import Graded
from routing.types import Question


def question_of(recording: Recording) -> Question:
    """The question without its answers."""
    return Question(recording.question, recording.options, recording.id, recording.category)


def answer_of(recording: Recording, expert: str) -> str | None:
    """The expert's normalised answer; None where the file has none, or none can be read."""
    recorded = recording.replies.get(expert)
    if recorded is None:
        return None
    return final_answer(recorded.answer or recorded.text or "", recording.options)


def open_answers(recording: Recording) -> list[str]:
    """The different answers to an open question; none where there are options to choose from."""
    if recording.options:
        return []
    answers = (answer_of(recording, expert) for expert in recording.replies)
    return list(dict.fromkeys(answer for answer in answers if answer))


def score_of(recording: Recording, expert: str) -> float | None:
    """How right the expert was, 0..1: the file's own score, else its answer against gold.
    None where the file cannot tell."""
    recorded = recording.replies.get(expert)
    if recorded is None:
        return None if recording.gold is None else 0.0
    if recorded.score is not None:
        return recorded.score
    if recording.gold is None:
        return None
    return float(is_right(answer_of(recording, expert), recording))


def is_right(answer: str | None, recording: Recording) -> bool:
    """Whether an answer is the right one, by what is written alone: 0.5 is right where 1/2 is."""
    gold = gold_of(recording)
    if answer is None or gold is None:
        return False
    return answer == gold if recording.options else same(answer, gold)


def gold_of(recording: Recording) -> str | None:
    """The right answer in the form verdicts have."""
    return None if recording.gold is None else _gold(recording.gold, recording.options)


@lru_cache(maxsize=1024)  # asked for once a reply
def _gold(gold: str, options: tuple[str, ...]) -> str | None:
    return final_answer(gold, options)


def as_evidence(recording: Recording) -> Graded:
    """The recording as evidence: who was how right."""
    scores = ((expert, score_of(recording, expert)) for expert in recording.replies)
    known = tuple((expert, score) for expert, score in scores if score is not None)
    return Graded(recording.question, recording.category, known)
