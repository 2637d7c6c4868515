"""The votes of a deliberation, counted: what is believed, who leads, and what may still win."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from orchestrator.belief import Ballot, Vote, leader
from orchestrator.consensus import winners


@dataclass(frozen=True, eq=False)
class Tally:
    """One count. What follows from it is worked out when it is asked for, and only once."""

    ballot: Ballot
    stated: tuple[Vote, ...] = ()  # their answers as they are put
    alike: Mapping[str, str] = field(default_factory=dict)  # answer: the one to count it as

    @cached_property
    def votes(self) -> tuple[Vote, ...]:
        """As stated, those for answers that are the same under one answer."""
        return tuple(_under(vote, self.alike.get(vote.answer, vote.answer)) for vote in self.stated)

    @cached_property
    def beliefs(self) -> dict[str, float]:
        """P(right) of every answer that was voted for."""
        return self.ballot.posterior(self.votes)

    @cached_property
    def leading(self) -> str:
        """The answer that is believed most; "" without votes."""
        return leader(self.beliefs)[0] if self.votes else ""

    @cached_property
    def may_win(self) -> frozenset[str]:
        """The answers, as they are stated, that a conclusion may give; none: any."""
        return winners(self.stated, self.votes, self.leading)

    def belief(self, answer: str) -> float:
        """P(right), also of an answer that nobody gave."""
        beliefs = self.beliefs
        return beliefs[answer] if answer in beliefs else self.ballot.unheard(beliefs)


def _under(vote: Vote, answer: str) -> Vote:
    return vote if answer == vote.answer else replace(vote, answer=answer)
