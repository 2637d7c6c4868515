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
from collections.abc import Mapping, Sequence
from dataclasses import replace

from experts.types import Answer, Failure, Reply
from orchestrator.answers import spoken
from orchestrator.answers.reading import reader
from orchestrator.ballots import OPEN_ANSWERS
from orchestrator.belief import Ballot, Vote, agreement, leader
from orchestrator.consensus import against_all, counted_as, heard, stands, winners
from orchestrator.errors import panel_failed
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.policies import Policy
from orchestrator.seating import Seating
from orchestrator.spending import spent
from orchestrator.steps import Ask, Compare, Conclude, Done, Step
from orchestrator.types import Given, Verdict
from routing.types import Route

__all__ = ["Ask", "Compare", "Conclude", "Deliberation", "Done", "Step"]


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
        # A choice, JSON, or a tool's call is the same only if it is written the same.
        self._exact = bool(options) or json
        self._read = reader(options, json)
        self._calibration = lessons.calibration
        self._ballot = Ballot(
            len(options) or OPEN_ANSWERS, bool(options), dict(route.skills), lessons.votes
        )
        self._waiting = list(route.panel)
        self._seating = Seating(route)
        self._replies: list[Reply] = []
        self._votes: list[Vote] = []
        self._conclusions: list[Reply] = []  # all but the last are failures
        self._winners: frozenset[str] = frozenset()  # that a conclusion may give; none: any
        self._stated: list[Vote] = []  # as the votes, before answers that are the same are one
        self._alike: Mapping[str, str] = {}  # answer: the one its votes are counted under
        self._seconds: float | None = None  # that the request had, once they are over

    def step(self) -> Step:
        """What is wanted next. Raises `PanelFailed` when everyone was asked and none replied."""
        if unlike := self._uncompared():
            return Compare(unlike)
        self._waiting[:0] = self._seating.taken()
        if self._waiting and not self._settled():
            return Ask(self._next_wave())
        if not self._usable():
            raise panel_failed([r for r in self._replies if isinstance(r, Failure)], self._seconds)
        if self._wants_conclusion():
            writer = self._seating.next_writer(self._conclusions)
            return Conclude(self._for_aggregator(), writer, bound=bool(self._may_win()))
        return Done(self._verdict())

    def tell(self, reply: Reply) -> None:
        """Take in one reply of an expert that was asked. An expert asked twice in one wave is told
        in the order it was asked; apart from that, order does not matter."""
        self._waiting.remove(reply.expert)
        insort(self._replies, reply, key=self._seating.seat)
        if isinstance(reply, Answer):
            answer = self._read(reply)
            if answer is not None:
                vote = Vote(reply, answer, self.route.competence(reply.expert))
                insort(self._stated, vote, key=lambda vote: self._seating.seat(vote.reply))
                self._votes = self._counted()
        else:
            self._seating.tell(reply)

    def hurry(self, seconds: float) -> None:
        """The request's seconds are over: nobody else is asked, and the vote settles it."""
        self._seconds = seconds
        self._waiting.clear()
        self._seating.close()

    def tell_conclusion(self, reply: Reply) -> None:
        """Take in the aggregator's reply; a failure leaves the verdict to its stand-ins, or to the
        vote."""
        self._winners = self._may_win()
        self._conclusions.append(reply)

    def tell_alike(self, alike: Mapping[str, str]) -> None:
        """Take in which answers are the same: each with the one to count its votes under."""
        self._alike = dict(alike)
        self._votes = self._counted()

    @property
    def streamable(self) -> bool:
        """Whether the next expert asked is sure to be the verdict's author."""
        return len(self.route.panel) == 1 and not self._usable()

    @property
    def _conclusion(self) -> Reply | None:
        return self._conclusions[-1] if self._conclusions else None

    def _uncompared(self) -> tuple[str, ...]:
        """The answers, where two are different strings and nobody said yet if they are the same."""
        if self._exact:
            return ()
        answers = {vote.answer: None for vote in self._stated if not vote.reply.calls}
        if isinstance(self._conclusion, Answer):
            answers |= {a: None for a in [self._read(self._conclusion)] if a}
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
            belief = self._ballot.posterior(votes)[hoped]
            if self._calibration(belief, len(votes)) >= self._policy.confidence:
                return tuple(self._waiting[:count])
        return tuple(self._waiting)

    def _wants_conclusion(self) -> bool:
        return (
            self._policy.aggregator == "synthesize"
            and (not self._conclusions or self._seating.next_writer(self._conclusions) is not None)
            and self._seconds is None
            and len(self._for_aggregator()) > 1
            and len({vote.answer for vote in self._votes}) != 1
            and len(counted_as(self._may_win(), self._alike)) != 1
            and not self._settled()
            and not self._leading().calls
        )

    def _may_win(self) -> frozenset[str]:
        """The answers, as they are stated, that a conclusion may give; none: any."""
        leading = leader(self._beliefs())[0] if self._votes else ""
        return winners(self._stated, self._votes, leading)

    def _for_aggregator(self) -> tuple[tuple[str, float], ...]:
        """The texts of those who are heard; nobody rewords calls of tools."""
        usable = heard(self._usable(), self._stated, self._may_win())
        trusted = sorted(usable, key=lambda reply: -self.route.competence(reply.expert))
        texts = [(spoken(r.text) or r.text, r.expert) for r in trusted if not r.calls]
        return tuple((text, self.route.competence(expert)) for text, expert in texts)

    def _verdict(self) -> Verdict:
        author, aggregator, notes = self._author()
        stated = (vote.answer for vote in self._stated if vote.reply is author)
        answer = self._read(author) if author is self._conclusion else next(stated, None)
        counted = self._alike.get(answer, answer) if answer else None
        return Verdict(
            text=author.text,
            answer=answer,
            confidence=self._confidence(counted),
            agreement=agreement(self._votes, counted),
            author=author.expert,
            aggregator=aggregator,
            calls=len(self._replies) + len(self._conclusions),
            route=self.route,
            replies=tuple(self._replies),
            usage=spent(self._replies, self._conclusions),
            notes=notes,
            tool_calls=author.calls,
            logprobs=author.logprobs,
            replaced=self._seating.replaced(self._replies),
            given=tuple(map(Given.of, self._stated, self._votes)),
            writer=self._conclusion.expert if self._conclusion else "",
        )

    def _author(self) -> tuple[Answer, str, tuple[str, ...]]:
        """Whose text the verdict is, the aggregator that made it so, and what went wrong."""
        notes = tuple(
            f"{other} was asked in place of {expert}, which failed"
            for expert, other in self._seating.replaced(self._replies)
        )
        if self._seconds is not None:
            notes += (f"the request's {self._seconds:g} s were over: settled by who had replied",)
        for failed in self._conclusions:
            if isinstance(failed, Failure):
                stood = "; the vote stands" if failed is self._conclusion else ""
                notes += (f"{failed.expert} could not write ({failed.message}){stood}",)
        if isinstance(self._conclusion, Answer):
            answer = self._read(self._conclusion) or ""
            if stands(answer, self._winners, self._alike):
                return self._conclusion, "synthesize", notes
            notes += (against_all(self._conclusion.expert),)
        voted = self._votes and self._policy.aggregator != "none" and len(self.route.panel) > 1
        return self._leading(), "vote" if voted else "none", notes

    def _leading(self) -> Answer:
        """The reply that stands if nobody writes a verdict: of those who give the answer that is
        believed most, the most trusted one's."""
        trusted = sorted(self._usable(), key=lambda r: -self.route.competence(r.expert))
        if not self._votes or self._policy.aggregator == "none":
            return trusted[0]
        winner = leader(self._beliefs())[0]
        backers = {id(vote.reply) for vote in self._votes if vote.answer == winner}
        return next(reply for reply in trusted if id(reply) in backers)

    def _usable(self) -> list[Answer]:
        return [reply for reply in self._replies if isinstance(reply, Answer)]

    def _beliefs(self) -> dict[str, float]:
        return self._ballot.posterior(self._votes)

    def _confidence(self, answer: str | None) -> float:
        """P(right), also of an answer that an aggregator wrote and nobody had given."""
        if answer is None:
            return 0.0
        beliefs = self._beliefs()
        belief = beliefs.get(answer, self._ballot.unheard(beliefs))
        return self._calibration(belief, len(self._votes))
