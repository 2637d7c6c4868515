"""The votes of a deliberation, counted: what is believed, who leads, and what may still win."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.belief import Ballot, Vote, leader
from orchestrator.consensus import winners


@dataclass(frozen=True, slots=True)
class Tally:
    """One count."""

    ballot: Ballot
    stated: tuple[Vote, ...]  # their answers as they are put
    votes: tuple[Vote, ...]  # the same, those for answers that are the same under one answer
    beliefs: Mapping[str, float]  # P(right) of every answer that was voted for
    leading: str  # the answer that is believed most; "" without votes

    @classmethod
    def of(cls, ballot: Ballot, stated: Sequence[Vote], alike: Mapping[str, str]) -> "Tally":
        """`alike` has answers with the one that their votes are counted under."""
        votes = tuple([_under(vote, alike.get(vote.answer, vote.answer)) for vote in stated])
        beliefs = ballot.posterior(votes)
        return cls(ballot, tuple(stated), votes, beliefs, leader(beliefs)[0] if votes else "")

    def may_win(self) -> frozenset[str]:
        """The answers, as they are stated, that a conclusion may give; none: any."""
        return winners(self.stated, self.votes, self.leading)

    def belief(self, answer: str) -> float:
        """P(right), also of an answer that nobody gave."""
        beliefs = self.beliefs
        return beliefs[answer] if answer in beliefs else self.ballot.unheard(beliefs)


def _under(vote: Vote, answer: str) -> Vote:
    return vote if answer == vote.answer else replace(vote, answer=answer)
