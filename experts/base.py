"""The one seam every expert fits: ask a group, or stream one reply."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from experts.circuit import State
from experts.types import Ability, Chunk, Prompt, Reply


class Expert(Protocol):
    """Something that can answer.

    Implementations live beside this file and are opened from cards (`experts.build`). The
    card's deadline is the expert's own to keep; cancelling `ask` or closing the stream must
    free whatever the reply was using.
    """

    @property
    def name(self) -> str: ...

    async def ask(self, prompts: Sequence[Prompt]) -> list[Reply]:
        """One reply per prompt, in order. What fails is a `Failure` in its place, never an
        exception, so one bad prompt costs only its own reply. A group runs as one batch."""
        ...

    def stream(self, prompt: Prompt) -> AsyncIterator[Sequence[Chunk]]:
        """The reply in pieces whose texts join to what `ask` returns, those together that came
        together. Raises `ExpertError`."""
        ...


@runtime_checkable
class Resident(Protocol):
    """An expert that may have to wait for its weights. One without this can always answer."""

    @property
    def resident(self) -> bool:
        """Whether it could answer now without any weights being moved."""
        ...


@runtime_checkable
class Awaited(Protocol):
    """An expert that others may keep busy. One without this begins at once."""

    @property
    def wait(self) -> float:
        """Seconds until it would begin with a prompt that came now, as far as is known."""
        ...


@runtime_checkable
class Able(Protocol):
    """An expert that can do more than write text. One without this cannot."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do, of what a prompt may need."""
        ...


@runtime_checkable
class Guarded(Protocol):
    """An expert that is left alone for a while when it keeps failing. One without this can always
    be asked."""

    @property
    def name(self) -> str: ...

    @property
    def circuit(self) -> State: ...
