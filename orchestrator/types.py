"""The values of a deliberation: a request in, a verdict with its story out."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from experts.prompts import formatted, question_text
from experts.types import Chunk, Message, Priority, Prompt, Reply, Token, ToolCall, Usage
from orchestrator.salting import salt_of
from routing.types import Question, Route

if TYPE_CHECKING:
    from orchestrator.belief import Vote


@dataclass(frozen=True, slots=True)
class Control:
    """What a request asks of its panel, beside what its policy says. None: as the policy has it."""

    size: int | None = None  # most experts asked
    confidence: float | None = None  # belief at which nobody else is asked, 0..1
    dollars: float | None = None  # most that all replies may cost
    seconds: float | None = None  # until the verdict; questions of a batch have no such deadline
    allow: frozenset[str] | None = None  # who may be asked
    deny: frozenset[str] = frozenset()
    writer: str | None = None  # who writes a verdict, in place of the aggregator
    fresh: bool = False  # whether no answer will do that was given before

    def barred(self, names: Iterable[str]) -> frozenset[str]:
        """Who of these may not be asked."""
        if self.allow is None:
            return self.deny
        return frozenset(names) - self.allow | self.deny


AS_THE_POLICY_SAYS = Control()


@dataclass(frozen=True, slots=True)
class Request:
    """One question and how it is to be answered. `model` is a policy's name (`auto`) or an
    expert's; an expert named so answers alone."""

    prompt: Prompt
    model: str = "auto"
    options: tuple[str, ...] = ()
    control: Control = AS_THE_POLICY_SAYS
    tenant: str = ""  # whose it is: what is learned from it or kept of it is for them alone

    @property
    def question(self) -> Question:
        return Question(self.prompt.text, self.options, salt=salt_of(self.tenant))

    @property
    def behind_people(self) -> "Request":
        """The same, as one of a file: whoever waits for an answer goes first."""
        return replace(self, prompt=replace(self.prompt, priority=Priority.BATCH))

    @property
    def for_experts(self) -> Prompt:
        """The prompt as experts read it: with the options, where there are any, and the format."""
        prompt, salt = self.prompt, salt_of(self.tenant)
        if prompt.salt != salt:
            prompt = replace(prompt, salt=salt)
        if not self.options:
            return formatted(prompt)
        *before, last = prompt.messages
        asked = Message(last.role, question_text(last.content, self.options))
        return formatted(replace(prompt, messages=(*before, asked)))


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time went, in seconds."""

    route: float = 0.0
    panel: float = 0.0
    aggregate: float = 0.0

    @property
    def total(self) -> float:
        return self.route + self.panel + self.aggregate


class Given(NamedTuple):
    """An expert's final answer, and the one it was counted as: the first that is the same."""

    expert: str
    answer: str
    counted: str

    @classmethod
    def of(cls, stated: "Vote", counted: "Vote") -> "Given":
        return cls(stated.reply.expert, stated.answer, counted.answer)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The final answer, and how it came about."""

    text: str  # what the user reads
    answer: str | None  # the normalised final answer in it; None where none could be read
    confidence: float  # belief that the answer is right, 0..1
    agreement: float  # share of usable replies that give this answer, 0..1
    author: str  # the expert whose text it is
    aggregator: str  # vote, synthesize or none
    calls: int  # to LLMs, the aggregator's too, and failed ones: they were made
    route: Route
    replies: tuple[Reply, ...]  # in order asked
    usage: Usage  # summed over every call, the aggregator's too
    notes: tuple[str, ...] = ()  # what did not go as planned
    timings: Timings = Timings()
    tool_calls: tuple[ToolCall, ...] = ()  # what the user's tools are to be called with
    logprobs: tuple[Token, ...] = ()  # of the text, where they were asked for
    replaced: tuple[tuple[str, str], ...] = ()  # who failed for now, who was asked in its seat
    given: tuple[Given, ...] = ()  # the answers that could be read, in the order of the replies
    writer: str = ""  # who was asked to write the verdict, though the vote may have overruled it
    age: float | None = None  # seconds since it was given first; None: it is the first time


@dataclass(frozen=True, slots=True)
class Working:
    """Nothing to show yet, but the panel is at work. Becomes a keep-alive comment."""

    doing: str


Event = Working | Chunk  # chunks of what the verdict says

# Hears of a verdict as it comes about; of what came together at once. May have who tells wait.
Listener = Callable[[Sequence[Event]], Awaitable[None]]
