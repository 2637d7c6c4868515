"""The belief over candidate answers, moved by each reply."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from experts.types import Answer
from orchestrator.ballots import OPEN_ANSWERS
from orchestrator.voting import NAIVE, VoteModel, logodds
from routing.types import Skills


@dataclass(frozen=True, slots=True)
class Vote:
    """One usable reply: what it answers, and how far its expert is trusted."""

    reply: Answer
    answer: str
    competence: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """What is asked, as far as counting votes goes."""

    possible: int = OPEN_ANSWERS  # how many answers there could be
    choice: bool = False  # whether answers are letters
    skills: Skills = field(default_factory=dict)  # weights of the question's skills
    model: VoteModel = NAIVE

    def posterior(self, votes: Sequence[Vote]) -> dict[str, float]:
        """P(answer is right) for each answer voted for; what is missing to 1 is shared by the
        answers that nobody gave."""
        totals = dict.fromkeys([vote.answer for vote in votes], 0.0)
        possible = max(self.possible, len(totals), 2)
        weights = self.model.weights(tuple([vote.reply.expert for vote in votes]))
        for vote, weight in zip(votes, weights, strict=True):
            totals[vote.answer] += weight * logodds(vote.competence, possible, self._habit(vote))
        unseen = possible - len(totals)
        peak = max([*totals.values(), *[0.0] * (unseen > 0)])  # an answer unheard of has log-odds 0
        raised = {answer: math.exp(total - peak) for answer, total in totals.items()}
        rest = unseen * math.exp(-peak) if unseen else 0.0
        whole = sum(raised.values()) + rest
        return {answer: value / whole for answer, value in raised.items()}

    def unheard(self, beliefs: Mapping[str, float]) -> float:
        """P(right) of one answer that nobody gave."""
        unseen = max(self.possible, len(beliefs) + 1, 2) - len(beliefs)
        return max(1.0 - sum(beliefs.values()), 0.0) / unseen

    def _habit(self, vote: Vote) -> float:
        if not self.choice:
            return 1.0
        if not vote.answer:  # a reply hoped for may turn out to be its expert's rarest letter
            return self.model.habits.least(vote.reply.expert, self.possible, self.skills)
        return self.model.habits.ratio(vote.reply.expert, vote.answer, self.skills)


def leader(beliefs: Mapping[str, float]) -> tuple[str, float]:
    """The answer most believed in; ties go to the one voted for first."""
    answer = max(beliefs, key=beliefs.__getitem__)
    return answer, beliefs[answer]


def agreement(votes: Sequence[Vote], answer: str | None) -> float:
    """Share of the usable replies that give this answer."""
    return sum(vote.answer == answer for vote in votes) / len(votes) if votes else 0.0
