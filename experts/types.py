"""The values that pass between experts and those who ask them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


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


class Priority(StrEnum):
    """Who goes first where not all can: a person who waits, or a file of questions."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one expert is asked: a conversation that ends with the user's turn."""

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    priority: Priority = Priority.INTERACTIVE
    salt: str = ""  # engines share what they have read only between prompts of one salt

    @classmethod
    def of(cls, text: str, sampling: Sampling | None = None) -> "Prompt":
        """A conversation of one user turn."""
        return cls((Message("user", text),), sampling or Sampling())

    @property
    def text(self) -> str:
        """The last user turn: the question itself."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply took; sums with `+`. `cost_usd` is None where no price is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        known = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            sum(known) if known else None,
        )


FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An expert's reply."""

    expert: str
    text: str
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    finish: FinishReason = "stop"


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
    """A piece of a streamed reply. The last one has `finish` and `usage` and may have no text."""

    text: str
    finish: FinishReason | None = None
    usage: Usage | None = None
