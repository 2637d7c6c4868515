"""The values that cross between an expert and its engine's process."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from experts.types import Cause, FinishReason, Message, Priority, Sampling, Token


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for an engine: which weights, what to say to them, how to draw the reply."""

    base: str
    messages: tuple[Message, ...]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    adapter: str | None = None
    tokenizer: str | None = None  # whose chat template to use; None: the engine's
    max_model_len: int | None = None
    priority: Priority = Priority.INTERACTIVE
    salt: str = ""  # of the prefix cache


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that an engine produced for a request, and where that request stands."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0  # so far
    finish: FinishReason | None = None  # None: more will come
    seconds: float = 0.0  # in the engine, without the wait before it
    logprobs: tuple[Token, ...] = ()  # of this text, where they were asked for
    cached_tokens: int = 0  # of the prompt, which the engine had read before


def merged(pieces: Sequence[Piece]) -> Piece:
    """Consecutive pieces as one: the texts joined, and the rest as it stands at the end."""
    tokens = tuple(token for piece in pieces for token in piece.logprobs)
    return replace(pieces[-1], text="".join(piece.text for piece in pieces), logprobs=tokens)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an engine gave no reply."""

    cause: Cause
    message: str
    retry_after: float | None = None  # seconds after which asking again is expected to work


Outcome = Piece | Refusal


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What an engine process is doing, for health and for people."""

    family: str
    pid: int
    resident: str
    swaps: int
    waiting: dict[str, int]  # prompts per base that are not in the engine yet
    running: int
    busy_seconds: float  # spent in the engine since it started
    swap_seconds: float
    start_seconds: float
    restarts: int = 0
    up: bool = True  # False: it restarts, and the rest is what was known before
    state: str = "awake"
    held: tuple[str, ...] = ()  # bases whose weights are in host memory
    waiting_batch: int = 0  # prompts among those that wait which interactive ones pass
    steps: int = 0  # forward passes since it started
    prompt_tokens: int = 0  # read, of replies that are complete
    completion_tokens: int = 0  # generated, of replies that are complete
    cached_tokens: int = 0  # of prompt_tokens, found in the prefix cache
