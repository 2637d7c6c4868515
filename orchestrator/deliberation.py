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

from experts.types import Answer, Failure, Reply
from orchestrator.answers import spoken
from orchestrator.answers.reading import reader
from orchestrator.ballots import OPEN_ANSWERS
from orchestrator.belief import Ballot, Vote, agreement
from orchestrator.consensus import against_all, counted_as, heard, stands
from orchestrator.errors import panel_failed
from orchestrator.lessons import UNTAUGHT, Lessons
from orchestrator.policies import Policy
from orchestrator.seating import Seating
from orchestrator.spending import spent
from orchestrator.steps import Ask, Compare, Conclude, Done, Step
from orchestrator.tally import Tally
from orchestrator.types import Given, Timings, Verdict
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
        self._stated: list[Vote] = []  # their answers as they are put
        self._alike: Mapping[str, str] = {}  # answer: the one its votes are counted under
        self._counted: Tally | None = None  # of these votes, as soon as somebody asks
        self._conclusions: list[Reply] = []  # all but the last are failures
        self._written: str | None = None  # the answer of the last
        self._winners: frozenset[str] = frozenset()  # that a conclusion may give; none: any
        self._seconds: float | None = None  # that the request had, once they are over

    def step(self, timings: Callable[[], Timings] = Timings) -> Step:
        """What is wanted next, a verdict with its `timings`. Raises `PanelFailed` when everyone was
        asked and none replied."""
        if unlike := self._uncompared():
            return Compare(unlike)
        self._waiting[:0] = self._seating.taken()
        if self._waiting and not self._settled():
            return Ask(self._next_wave())
        if not self._usable():
            raise panel_failed([r for r in self._replies if isinstance(r, Failure)], self._seconds)
        return self._conclude() or Done(self._verdict(timings()))

    def tell(self, reply: Reply) -> None:
        """Take in one reply of an expert that was asked. An expert asked twice in one wave is told
        in the order it was asked; apart from that, order does not matter."""
        self._waiting.remove(reply.expert)
        insort(self._replies, reply, key=self._seating.seat)
        if isinstance(reply, Failure):
            self._seating.tell(reply)
        elif (answer := self._read(reply)) is not None:
            vote = Vote(reply, answer, self.route.competence(reply.expert))
            insort(self._stated, vote, key=lambda vote: self._seating.seat(vote.reply))
            self._counted = None

    def hurry(self, seconds: float) -> None:
        """The request's seconds are over: nobody else is asked, and the vote settles it."""
        self._seconds = seconds
        self._waiting.clear()
        self._seating.close()

    def tell_conclusion(self, reply: Reply) -> None:
        """Take in the aggregator's reply; a failure leaves the verdict to its stand-ins, or to the
        vote."""
        self._winners = self._tally.may_win()
        self._conclusions.append(reply)
        self._written = self._read(reply) if isinstance(reply, Answer) else None

    def tell_alike(self, alike: Mapping[str, str]) -> None:
        """Take in which answers are the same: each with the one to count its votes under."""
        self._alike = dict(alike)
        self._counted = None

    @property
    def streamable(self) -> bool:
        """Whether the next expert asked is sure to be the verdict's author."""
        return len(self.route.panel) == 1 and not self._usable()

    @property
    def _tally(self) -> Tally:
        if self._counted is None:
            self._counted = Tally.of(self._ballot, self._stated, self._alike)
        return self._counted

    @property
    def _conclusion(self) -> Reply | None:
        return self._conclusions[-1] if self._conclusions else None

    def _uncompared(self) -> tuple[str, ...]:
        """The answers, where two are different strings and nobody said yet if they are the same."""
        if self._exact:
            return ()
        answers = {vote.answer: None for vote in self._stated if not vote.reply.calls}
        if self._written:
            answers[self._written] = None
        told = len(answers) < 2 or answers.keys() <= self._alike.keys()
        return () if told else tuple(answers)

    def _settled(self) -> bool:
        """Whether some answer is believed firmly enough to ask nobody else."""
        threshold = self._policy.confidence
        if threshold is None or not self._stated:
            return False
        return self._confidence(self._tally.leading) >= threshold

    def _next_wave(self) -> tuple[str, ...]:
        """The fewest experts that would settle it if they all gave the leading answer."""
        if self._policy.confidence is None:
            return tuple(self._waiting)
        votes, hoped = list(self._tally.votes), self._tally.leading
        for count, expert in enumerate(self._waiting, start=1):
            votes.append(Vote(Answer(expert, ""), hoped, self.route.competence(expert)))
            belief = self._ballot.posterior(votes)[hoped]
            if self._calibration(belief, len(votes)) >= self._policy.confidence:
                return tuple(self._waiting[:count])
        return tuple(self._waiting)

    def _conclude(self) -> Conclude | None:
        """What somebody is to write the verdict from, if anybody is."""
        if self._policy.aggregator != "synthesize" or self._seconds is not None:
            return None
        writer = self._seating.next_writer(self._conclusions)
        if self._conclusions and writer is None:
            return None
        votes, may = self._tally.votes, self._tally.may_win()
        decided = len({v.answer for v in votes}) == 1 or len(counted_as(may, self._alike)) == 1
        if decided or self._settled() or self._leading().calls:
            return None
        replies = self._for_aggregator(may)
        return Conclude(replies, writer, bound=bool(may)) if len(replies) > 1 else None

    def _for_aggregator(self, may: frozenset[str]) -> tuple[tuple[str, float], ...]:
        """The texts of those who are heard; nobody rewords calls of tools."""
        usable = heard(self._usable(), self._stated, may)
        trusted = sorted(usable, key=lambda reply: -self.route.competence(reply.expert))
        texts = [(spoken(r.text) or r.text, r.expert) for r in trusted if not r.calls]
        return tuple((text, self.route.competence(expert)) for text, expert in texts)

    def _verdict(self, timings: Timings) -> Verdict:
        author, aggregator, notes = self._author()
        stated = (vote.answer for vote in self._stated if vote.reply is author)
        answer = self._written if author is self._conclusion else next(stated, None)
        counted = self._alike.get(answer, answer) if answer else None
        return Verdict(
            text=author.text,
            answer=answer,
            confidence=self._confidence(counted),
            agreement=agreement(self._tally.votes, counted),
            author=author.expert,
            aggregator=aggregator,
            calls=len(self._replies) + len(self._conclusions),
            route=self.route,
            replies=tuple(self._replies),
            usage=spent(self._replies, self._conclusions),
            notes=notes,
            timings=timings,
            tool_calls=author.calls,
            logprobs=author.logprobs,
            replaced=self._seating.replaced(self._replies),
            given=tuple(map(Given.of, self._stated, self._tally.votes)),
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
            if stands(self._written or "", self._winners, self._alike):
                return self._conclusion, "synthesize", notes
            notes += (against_all(self._conclusion.expert),)
        voted = self._stated and self._policy.aggregator != "none" and len(self.route.panel) > 1
        return self._leading(), "vote" if voted else "none", notes

    def _leading(self) -> Answer:
        """The reply that stands if nobody writes a verdict: of those who give the answer that is
        believed most, the most trusted one's."""
        trusted = sorted(self._usable(), key=lambda r: -self.route.competence(r.expert))
        if not self._stated or self._policy.aggregator == "none":
            return trusted[0]
        tally = self._tally
        backers = {id(vote.reply) for vote in tally.votes if vote.answer == tally.leading}
        return next(reply for reply in trusted if id(reply) in backers)

    def _usable(self) -> list[Answer]:
        return [reply for reply in self._replies if isinstance(reply, Answer)]

    def _confidence(self, answer: str | None) -> float:
        """P(right), also of an answer that an aggregator wrote and nobody had given."""
        if answer is None:
            return 0.0
        return self._calibration(self._tally.belief(answer), len(self._tally.votes))
