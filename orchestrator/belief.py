"""The belief over candidate answers, moved by each reply.

A naive Bayes vote: an expert of competence p gives the right answer with probability p and each
wrong one with (1 - p) / (m - 1), where m is how many answers are possible.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experts.types import Answer

OPEN_ANSWERS = 10  # m for open questions: how soon two wrong experts are wrong alike
SURE = 0.99  # a competence beyond this is not believed, or one vote could settle anything


@dataclass(frozen=True, slots=True)
class Vote:
    """One usable reply: what it answers, and how far its expert is trusted."""

    reply: Answer
    answer: str
    competence: float


def posterior(votes: Sequence[Vote], possible: int = OPEN_ANSWERS) -> dict[str, float]:
    """P(answer is right) for each answer voted for; what is missing to 1 is some other answer."""
    answers = dict.fromkeys(vote.answer for vote in votes)
    possible = max(possible, len(answers), 2)
    unseen = possible - len(answers)
    logs = {answer: 0.0 for answer in answers}
    other = math.log(unseen) if unseen else -math.inf  # all unseen answers together
    for vote in votes:
        right = min(max(vote.competence, 1 - SURE), SURE)
        wrong = math.log((1 - right) / (possible - 1))
        other += wrong
        for answer in logs:
            logs[answer] += math.log(right) if answer == vote.answer else wrong
    peak = max([*logs.values(), other])
    weights = {answer: math.exp(value - peak) for answer, value in logs.items()}
    total = sum(weights.values()) + math.exp(other - peak)
    return {answer: weight / total for answer, weight in weights.items()}


def leader(beliefs: Mapping[str, float]) -> tuple[str, float]:
    """The answer most believed in; ties go to the one voted for first."""
    answer = max(beliefs, key=lambda a: beliefs[a])
    return answer, beliefs[answer]


def agreement(votes: Sequence[Vote], answer: str | None) -> float:
    """Share of the usable replies that give this answer."""
    return sum(vote.answer == answer for vote in votes) / len(votes) if votes else 0.0
