"""What an engine's doings cost on one kind of device: seconds, learned as it runs. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from experts.engines.estimates import RECENT, Estimate, Observation, tells

VERSION = 1  # of the plain form
STEP_TOKENS = 2048  # most in one forward pass: vLLM's default for an engine without a server
KNOWN_REPLIES = 4  # replies that a card's word about their length counts for
RECENT_REPLIES = 200  # beyond which older replies fade


@dataclass(frozen=True, slots=True)
class Started:
    """An engine was built, its first weights included, in a process that had vLLM imported."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Slept:
    """An engine gave up its device's memory; at level 1 its weights went to host memory."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Woke:
    """An engine took it back. At level 2 weights follow, which is a `Swapped` of its own."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """Weights came from disk to host memory."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Swapped:
    """Weights went from host memory into a drained engine."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """Forward passes, summed over about a second: the tokens in all of them, prompts' included."""

    steps: int
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Replied:
    """An expert's replies, summed."""

    expert: str
    replies: int
    prompt_tokens: int
    reply_tokens: int


Happened = Started | Slept | Woke | Read | Swapped | Ran | Replied


@dataclass(frozen=True, slots=True)
class Lengths:
    """An expert's typical prompt and reply, in tokens."""

    prompt: float
    reply: float
    replies: float = KNOWN_REPLIES  # that these means rest on

    def after(self, happened: Replied) -> "Lengths":
        if happened.replies < 1:
            return self
        replies = self.replies + happened.replies
        share = happened.replies / replies
        return Lengths(
            self.prompt + share * (happened.prompt_tokens / happened.replies - self.prompt),
            self.reply + share * (happened.reply_tokens / happened.replies - self.reply),
            min(replies, RECENT_REPLIES),
        )


UNKNOWN = Lengths(prompt=256.0, reply=128.0, replies=1.0)


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one family of engines on one kind of device; `priors` says what to begin with."""

    starting: Estimate  # once
    sleeping: Estimate  # once
    waking: Estimate  # once
    reading: Estimate  # per byte
    swapping: Estimate  # once, and per byte
    stepping: Estimate  # per forward pass (weights are read), and per token in it (computation)
    lengths: Mapping[str, Lengths] = field(default_factory=dict)  # by expert

    @property
    def start(self) -> float:
        return self.starting.seconds(1)

    @property
    def sleep(self) -> float:
        return self.sleeping.seconds(1)

    @property
    def wake(self) -> float:
        return self.waking.seconds(1)

    def read(self, size: int) -> float:
        """Seconds to bring so many bytes from disk to host memory."""
        return self.reading.seconds(size)

    def swap(self, size: int) -> float:
        """Seconds to bring so many bytes from host memory into a drained engine."""
        return self.swapping.seconds(1, size)

    def step(self, tokens: float) -> float:
        """Seconds of one forward pass over so many tokens."""
        return self.stepping.seconds(1, tokens)

    def generation(
        self, prompts: int, prompt_tokens: float, reply_tokens: float, batch: int
    ) -> float:
        """Seconds of a group of which `batch` replies are written at once; of one alone, if
        `prompts` is 1. Tokens are means per prompt.

        A prompt that is let in when another's reply ends shares that pass with the others, so
        only the first ones take passes of their own. One reply far longer than the mean takes
        longer than this.
        """
        first = min(prompts, batch) * prompt_tokens
        passes = reply_tokens * max(1.0, prompts / batch)
        passes += max(0, math.ceil(first / STEP_TOKENS) - 1)
        return self.stepping.seconds(passes, prompts * (prompt_tokens + reply_tokens))

    def lengths_of(self, expert: str) -> Lengths:
        return self.lengths.get(expert, UNKNOWN)

    def after(self, happened: Happened) -> "Costs":
        """What is known once this has happened."""
        changed: dict[str, Any] = {}
        match happened:
            case Started(seconds):
                changed = {"starting": self.starting.after(seconds, 1)}
            case Slept(seconds):
                changed = {"sleeping": self.sleeping.after(seconds, 1)}
            case Woke(seconds):
                changed = {"waking": self.waking.after(seconds, 1)}
            case Read(size, seconds):
                changed = {"reading": self.reading.after(seconds, size)}
            case Swapped(size, seconds):
                changed = {"swapping": self.swapping.after(seconds, 1, size)}
            case Ran(steps, tokens, seconds):
                changed = {"stepping": self.stepping.after(seconds, steps, tokens)}
            case Replied(expert):
                lengths = self.lengths_of(expert).after(happened)
                changed = {"lengths": {**self.lengths, expert: lengths}}
        return replace(self, **changed)

    def knowing(self, lengths: Mapping[str, Lengths]) -> "Costs":
        """The same, and these lengths of experts of whom nothing is known."""
        return replace(self, lengths={**lengths, **self.lengths})

    def plain(self) -> dict[str, Any]:
        """As what JSON can hold."""
        return {
            "version": VERSION,
            "estimates": {name: _plain(getattr(self, name)) for name in RATES},
            "lengths": {
                expert: [each.prompt, each.reply, each.replies]
                for expert, each in self.lengths.items()
            },
        }

    @classmethod
    def of_plain(cls, plain: Any) -> "Costs":
        """The reverse of `plain`. ValueError if it is not that, or of another version."""
        try:
            if plain["version"] != VERSION:
                raise ValueError(f"version {plain['version']} is not {VERSION}")
            estimates = {
                name: _estimate(plain["estimates"][name], rates) for name, rates in RATES.items()
            }
            lengths = {
                str(expert): Lengths(*_figures(each, 3))
                for expert, each in plain["lengths"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"these are no costs: {error!r}") from error
        return cls(**estimates, lengths=lengths)


# How many rates each of the estimates has.
RATES = {"starting": 1, "sleeping": 1, "waking": 1, "reading": 1, "swapping": 2, "stepping": 2}


def _plain(estimate: Estimate) -> list[Any]:
    recent = [[seen.seconds, *seen.amounts] for seen in estimate.recent]
    return [list(estimate.known), recent]


def _estimate(plain: Any, rates: int) -> Estimate:
    known, recent = plain
    observations = []
    for row in recent[-RECENT:]:
        seconds, *amounts = _figures(row, 1 + rates)
        observations.append(Observation(tuple(amounts), seconds))
    if not all(map(tells, observations)):
        raise ValueError("there are observations that tell nothing")
    return Estimate(_figures(known, rates), tuple(observations))


def _figures(plain: Any, count: int) -> tuple[float, ...]:
    figures = tuple(float(figure) for figure in plain)
    if len(figures) != count or not all(math.isfinite(f) and f >= 0 for f in figures):
        raise ValueError(f"{count} finite figures were expected, not {plain}")
    return figures
