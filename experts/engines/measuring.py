"""Gathers what an engine takes for its doings, as the cost model wants to be told it."""

from collections import deque
from dataclasses import dataclass, field

from experts.engines.costs import Happened, Ran, Read, Replied, Swapped
from experts.engines.generation import Piece
from experts.engines.loading import Swap

WINDOW_SECONDS = 1.0  # forward passes are told summed over this long
MOST_UNTOLD = 1_000  # when nobody asks; the oldest are forgotten


@dataclass(slots=True)
class Measuring:
    """Of one engine: what nobody was told yet."""

    _untold: deque[Happened] = field(default_factory=lambda: deque(maxlen=MOST_UNTOLD))
    _replies: dict[str, Replied] = field(default_factory=dict)  # by base, summed
    _steps: int = 0
    _tokens: int = 0
    _seconds: float = 0.0

    def happened(self, what: Happened) -> None:
        self._untold.append(what)

    def swapped(self, swap: Swap) -> None:
        if swap.size and swap.read_seconds:
            self.happened(Read(swap.size, swap.read_seconds))
        # Without the disk: what was not read ahead held the engine up, but that is no swap's time.
        waited = 0.0 if swap.source != "disk" else swap.read_seconds
        self.happened(Swapped(swap.size, max(swap.seconds - waited, 1e-6)))

    def stepped(self, steps: int, tokens: int, seconds: float) -> None:
        """Forward passes, and the tokens in all of them. A turn without one tells nothing."""
        if not steps:
            return
        self._steps += steps
        self._tokens += tokens
        self._seconds += seconds
        if self._seconds >= WINDOW_SECONDS:
            self._tell_steps()

    def replied(self, base: str, piece: Piece) -> None:
        known = self._replies.get(base, Replied(base, 0, 0, 0))
        self._replies[base] = Replied(
            base,
            known.replies + 1,
            known.prompt_tokens + piece.prompt_tokens,
            known.reply_tokens + piece.completion_tokens,
        )

    def told(self) -> list[Happened]:
        """What nobody was told yet."""
        self._tell_steps()
        told = [*self._untold, *self._replies.values()]
        self._untold.clear()
        self._replies.clear()
        return told

    def _tell_steps(self) -> None:
        if self._steps:
            ran = Ran(self._steps, self._tokens, self._seconds)
            self._steps, self._tokens, self._seconds = 0, 0, 0.0
            self.happened(ran)
