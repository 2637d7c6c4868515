"""The values of a deliberation: a request in, a verdict with its story out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from experts.prompts import formatted, question_text
from experts.types import Message, Priority, Prompt, Reply, Usage
from orchestrator.salting import salt_of
from routing.types import Question, Route


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
        everybody = frozenset(names)
        return everybody - (everybody if self.allow is None else self.allow) | self.deny


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
        prompt = replace(self.prompt, salt=salt_of(self.tenant))
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
    age: float | None = (
        None  # seconds since it was given first, where it is not given for the first time
    )
    writer: str = ""  # who was asked to write the verdict, though the vote may have overruled it


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the verdict's text, while streaming."""

    text: str


@dataclass(frozen=True, slots=True)
class Working:
    """Nothing to show yet, but the panel is at work. Becomes a keep-alive comment."""

    doing: str


# A streamed verdict: Working and Text in between, exactly one Verdict last.
Event = Working | Text | Verdict
