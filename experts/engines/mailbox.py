"""Where a call's replies arrive, on the event loop's side of an engine's process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from experts.engines.generation import Outcome, Piece, Refusal, merged
from experts.engines.serving import Delivery
from experts.types import Cause


@dataclass(slots=True)
class Mailbox:
    """Of one call. `arrived` is set when there is something its owner waits for."""

    left: int
    streaming: bool
    replies: dict[int, list[Outcome]] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, delivery: Delivery) -> None:
        self.replies.setdefault(delivery.place, []).append(delivery.outcome)
        self.left -= delivery.final
        if self.streaming or not self.left:
            self.arrived.set()

    def outcomes(self, prompts: int, seconds: float) -> list[Outcome]:
        """One per prompt; what has not arrived is refused as late."""
        late = Refusal(Cause.TIMEOUT, f"no reply within {seconds:.3g} s")
        return [self.replies.get(place, [late])[0] for place in range(prompts)]

    def next(self) -> Outcome:
        """What has arrived of a stream since the last time, as one."""
        return _joined(self.replies.pop(0, []))


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    return refusals[0] if refusals else merged([o for o in outcomes if isinstance(o, Piece)])
