"""The values that pass between experts and those who ask them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


class Ability(StrEnum):
    """What not every expert can do."""

    TOOLS = "tools"
    LOGPROBS = "logprobs"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool's call that a reply asks for. Its arguments are as the model wrote them: JSON, or
    what it took for JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CallPiece:
    """A piece of a streamed tool call, the `index`th of its reply. Its first piece has the id and
    the name; its arguments are those of all pieces, joined."""

    index: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a reply may ask to be called."""

    name: str
    description: str | None = None
    parameters: str | None = None  # a JSON schema, written as JSON
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of a request, and how they may be used."""

    tools: tuple[Tool, ...]
    choice: Literal["auto", "none", "required"] = "auto"
    only: str | None = None  # the tool that must be called
    parallel: bool | None = None  # whether a reply may have several calls; None: the model's way


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()  # of an assistant
    answers: str | None = None  # the id of the call whose result this is, of role tool


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """The JSON that a reply must be, and nothing else beside it."""

    schema: str | None = None  # a JSON schema, written as JSON; None: any object
    name: str = "reply"
    strict: bool | None = None  # as OpenAI's API has it; for backends alone
    tries: int = 2  # replies that are asked for until one is valid


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn. The defaults are greedy, so the same question has the same reply."""

    max_tokens: int | None = None  # None: the expert's own limit
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    format: JsonFormat | None = None  # None: text
    logprobs: int | None = None  # likeliest tokens told beside each of the reply; None: not even it


class Priority(StrEnum):
    """Who goes first where not all can: a person who waits, or a file of questions."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one expert is asked: a conversation that ends with the user's turn, or a tool's."""

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    priority: Priority = Priority.INTERACTIVE
    toolbox: Toolbox | None = None
    salt: str = ""  # engines share what they have read only between prompts of one salt

    @classmethod
    def of(cls, text: str, sampling: Sampling | None = None) -> "Prompt":
        """A conversation of one user turn."""
        return cls((Message("user", text),), sampling or Sampling())

    @property
    def text(self) -> str:
        """The last user turn: the question itself."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def texts(self) -> list[str]:
        """All that a model reads, the tools and their calls included."""
        texts = [message.content for message in self.messages]
        texts += [call.name + call.arguments for turn in self.messages for call in turn.calls]
        tools = self.toolbox.tools if self.toolbox else ()
        return texts + [f"{t.name}{t.description or ''}{t.parameters or ''}" for t in tools]

    @property
    def needs(self) -> frozenset[Ability]:
        """What whoever is asked must be able to do."""
        needs = {Ability.LOGPROBS} if self.sampling.logprobs is not None else set()
        if self.toolbox or any(m.calls or m.role == "tool" for m in self.messages):
            needs.add(Ability.TOOLS)
        return frozenset(needs)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply took; sums with `+`. `cost_usd` is None where no price is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    untold: int = 0  # calls beside, of which nobody told what they took

    @classmethod
    def total(cls, parts: Iterable["Usage"]) -> "Usage":
        """What all of these took."""
        listed = list(parts)
        if len(listed) == 1:
            return listed[0]
        known = [part.cost_usd for part in listed if part.cost_usd is not None]
        return cls(
            sum(part.prompt_tokens for part in listed),
            sum(part.completion_tokens for part in listed),
            sum(known) if known else None,
            sum(part.untold for part in listed),
        )

    def __add__(self, other: "Usage") -> "Usage":
        return Usage.total((self, other))


FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply, and how likely it was."""

    text: str
    logprob: float
    raw: bytes | None = None  # None: not told, or it is no text by itself
    top: tuple["Token", ...] = ()  # the likeliest in its place


@dataclass(frozen=True, slots=True)
class Answer:
    """An expert's reply: a text, calls of tools, or both."""

    expert: str
    text: str
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    finish: FinishReason = "stop"
    calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[Token, ...] = ()  # of the text, where they were asked for


class Cause(StrEnum):
    """Why there is no reply. `retryable` causes may pass; the others will not."""

    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    TOO_LONG = "too_long"
    EMPTY = "empty"

    @property
    def retryable(self) -> bool:
        return self in (Cause.TIMEOUT, Cause.UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an expert gave no reply, for the verdict's story."""

    expert: str
    cause: Cause
    message: str
    seconds: float = 0.0
    retry_after: float | None = None  # seconds after which asking again is expected to work


Reply = Answer | Failure


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed reply, and of the verdict that it is. The last one has `finish` and
    `usage` and may have no text."""

    text: str
    finish: FinishReason | None = None
    usage: Usage | None = None
    calls: tuple[CallPiece, ...] = ()
    logprobs: tuple[Token, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether there is nothing of the reply in it: the model thinks."""
        return not (self.text or self.finish or self.calls or self.logprobs)
