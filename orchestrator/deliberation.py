"""One question's life from route to verdict, without any I/O.

A deliberation is told replies and says what it wants next, as h11 does for HTTP. Three drivers
turn the same crank: `online`, `batch` and `replay`.

    step  -> Ask(experts)      ask all of these, tell each reply
    tell  <- Answer | Failure
    step  -> Conclude(replies) an LLM is to write the verdict from these
    tell_conclusion <- Answer | Failure
    step  -> Compare(answers)  which of these are the same answer, put differently?
    tell_alike <- {answer: the first that is the same}
    step  -> Done(verdict)

A wave is always finished before the next step is taken, so the verdict depends on what was
replied and never on which reply came first.
"""

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from experts.types import Answer, Failure, Reply, Usage
from orchestrator.answers import final_answer
from orchestrator.answers.structured import canonical
from orchestrator.ballots import OPEN_ANSWERS
from orchestrator.belief import Ballot, Vote, agreement, leader
from orchestrator.errors import panel_failed
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.policies import Policy
from orchestrator.types import Verdict
from routing.types import Route


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask these experts, all at once. A sampling policy may name one twice."""

    experts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conclude:
    """Have the aggregator write the verdict from these replies, most trusted first."""

    replies: tuple[tuple[str, float], ...]  # text, trust in 0..1


@dataclass(frozen=True, slots=True)
class Compare:
    """Say which of these answers are the same; only open questions have answers to compare."""

    answers: tuple[str, ...]  # all different as strings, in the order of their experts


@dataclass(frozen=True, slots=True)
class Done:
    """The verdict is in."""

    verdict: Verdict


Step = Ask | Conclude | Compare | Done


class Deliberation:
    """The state machine of one question."""

    def __init__(
        self,
        route: Route,
        policy: Policy,
        options: Sequence[str] = (),
        lessons: Lessons = UNTAUGHT,
        json: bool = False,
    ) -> None:
        self.route = route
        self._policy = policy
        # What is a choice, or JSON, is the same only if it is written the same.
        self._exact = bool(options) or json
        self._read: Callable[[str], str | None] = (
            canonical if json else partial(final_answer, options=tuple(options))
        )
        self._calibration = lessons.calibration
        self._ballot = Ballot(
            len(options) or OPEN_ANSWERS, bool(options), dict(route.skills), lessons.votes
        )
        self._waiting = list(route.panel)
        self._seats = {expert: i for i, expert in enumerate(dict.fromkeys(route.panel))}
        self._replies: list[Reply] = []
        self._votes: list[Vote] = []
        self._conclusion: Reply | None = None
        self._stated: list[Vote] = []  # as the votes, before answers that are the same are one
        self._alike: Mapping[str, str] = {}  # answer: the one its votes are counted under
        self._seconds: float | None = None  # that the request had, once they are over

    def step(self) -> Step:
        """What is wanted next. Raises `PanelFailed` when everyone was asked and none replied."""
        if unlike := self._uncompared():
            return Compare(unlike)
        if self._waiting and not self._settled():
            return Ask(self._next_wave())
        if not self._usable():
            raise panel_failed([r for r in self._replies if isinstance(r, Failure)], self._seconds)
        if self._wants_conclusion():
            return Conclude(self._for_aggregator())
        return Done(self._verdict())

    def tell(self, reply: Reply) -> None:
        """Take in one reply of an expert that was asked. An expert asked twice in one wave is told
        in the order it was asked; apart from that, order does not matter."""
        self._waiting.remove(reply.expert)
        insort(self._replies, reply, key=self._seat)
        if isinstance(reply, Answer):
            answer = self._read(reply.text)
            if answer is not None:
                vote = Vote(reply, answer, self.route.competence(reply.expert))
                insort(self._stated, vote, key=lambda vote: self._seat(vote.reply))
                self._votes = self._counted()

    def hurry(self, seconds: float) -> None:
        """The request's seconds are over: nobody else is asked, and the vote settles it."""
        self._seconds = seconds
        self._waiting.clear()

    def tell_conclusion(self, reply: Reply) -> None:
        """Take in the aggregator's reply; a failure leaves the verdict to the vote."""
        self._conclusion = reply

    def tell_alike(self, alike: Mapping[str, str]) -> None:
        """Take in which answers are the same: each with the one to count its votes under."""
        self._alike = dict(alike)
        self._votes = self._counted()

    @property
    def streamable(self) -> bool:
        """Whether the next expert asked is sure to be the verdict's author."""
        return len(self.route.panel) == 1 and not self._replies

    def _uncompared(self) -> tuple[str, ...]:
        """The answers, where two are different strings and nobody said yet if they are the same."""
        if self._exact:
            return ()
        answers = {vote.answer: None for vote in self._stated}
        if isinstance(self._conclusion, Answer):
            answers |= {a: None for a in [self._read(self._conclusion.text)] if a}
        told = len(answers) < 2 or answers.keys() <= self._alike.keys()
        return () if told else tuple(answers)

    def _counted(self) -> list[Vote]:
        """The votes, those for answers that are the same under one answer."""
        return [replace(v, answer=self._alike.get(v.answer, v.answer)) for v in self._stated]

    def _settled(self) -> bool:
        """Whether some answer is believed firmly enough to ask nobody else."""
        threshold = self._policy.confidence
        return (
            threshold is not None
            and bool(self._votes)
            and self._calibration(leader(self._beliefs())[1], len(self._votes)) >= threshold
        )

    def _next_wave(self) -> tuple[str, ...]:
        """The fewest experts that would settle it if they all gave the leading answer."""
        if self._policy.confidence is None:
            return tuple(self._waiting)
        votes = list(self._votes)
        hoped = leader(self._beliefs())[0] if votes else ""
        for count, expert in enumerate(self._waiting, start=1):
            votes.append(Vote(Answer(expert, ""), hoped, self.route.competence(expert)))
            if (
                self._calibration(self._ballot.posterior(votes)[hoped], len(votes))
                >= self._policy.confidence
            ):
                return tuple(self._waiting[:count])
        return tuple(self._waiting)

    def _wants_conclusion(self) -> bool:
        agreed = len({vote.answer for vote in self._votes}) == 1
        return (
            self._policy.aggregator == "synthesize"
            and self._conclusion is None
            and self._seconds is None
            and len(self._usable()) > 1
            and not agreed
            and not self._settled()
        )

    def _for_aggregator(self) -> tuple[tuple[str, float], ...]:
        replies = [(r.text, self.route.competence(r.expert)) for r in self._usable()]
        return tuple(sorted(replies, key=lambda item: -item[1]))

    def _verdict(self) -> Verdict:
        author, aggregator, notes = self._author()
        stated = (vote.answer for vote in self._stated if vote.reply is author)
        answer = self._read(author.text) if author is self._conclusion else next(stated, None)
        counted = self._alike.get(answer, answer) if answer else None
        usage = sum((r.usage for r in self._usable()), Usage())
        if isinstance(self._conclusion, Answer):
            usage += self._conclusion.usage
        return Verdict(
            text=author.text,
            answer=answer,
            confidence=self._confidence(counted),
            agreement=agreement(self._votes, counted),
            author=author.expert,
            aggregator=aggregator,
            calls=len(self._replies) + (self._conclusion is not None),
            route=self.route,
            replies=tuple(self._replies),
            usage=usage,
            notes=notes,
        )

    def _author(self) -> tuple[Answer, str, tuple[str, ...]]:
        """Whose text the verdict is, the aggregator that made it so, and what went wrong."""
        if isinstance(self._conclusion, Answer):
            return self._conclusion, "synthesize", ()
        notes: tuple[str, ...] = ()
        if self._seconds is not None:
            notes = (f"the request's {self._seconds:g} s were over: settled by who had replied",)
        if isinstance(self._conclusion, Failure):
            failed = self._conclusion
            notes += (f"{failed.expert} could not write ({failed.message}); the vote stands",)
        trusted = sorted(self._usable(), key=lambda r: -self.route.competence(r.expert))
        if not self._votes or self._policy.aggregator == "none":
            return trusted[0], "none", notes
        winner = leader(self._beliefs())[0]
        backers = {id(vote.reply) for vote in self._votes if vote.answer == winner}
        chosen = next(reply for reply in trusted if id(reply) in backers)
        return chosen, "none" if len(self.route.panel) == 1 else "vote", notes

    def _seat(self, reply: Reply) -> int:
        return self._seats[reply.expert]

    def _usable(self) -> list[Answer]:
        return [reply for reply in self._replies if isinstance(reply, Answer)]

    def _beliefs(self) -> dict[str, float]:
        return self._ballot.posterior(self._votes)

    def _confidence(self, answer: str | None) -> float:
        """P(right), also of an answer that an aggregator wrote and nobody had given."""
        if answer is None:
            return 0.0
        beliefs = self._beliefs()
        return self._calibration(
            beliefs.get(answer, self._ballot.unheard(beliefs)), len(self._votes)
        )
