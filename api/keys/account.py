"""A key's use as a state machine: what is reserved before asking, and settled afterwards.

`scripts.py` is the same in Redis, for all workers together. This one counts for one worker while
Redis is away, and says to the tests what the scripts must do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from api.keys.limits import Amounts, Level, Limits, Period, Standing, Unit, refusal, window

Slot = tuple[Unit, Period, str]  # the last is the window's name


@dataclass(slots=True)
class Account:
    """What one key has used. Reservations count as used until they are settled."""

    limits: Limits
    used: dict[Slot, int] = field(default_factory=dict)
    flight: dict[str, tuple[Amounts, float]] = field(default_factory=dict)  # name: what, until

    def reserve(self, names: Sequence[str], wanted: Amounts, now: float, lease: float) -> Standing:
        """Takes the amounts, for all these together, or raises `OverLimit`. What nobody settles
        within `lease` seconds stays used, and is no longer in flight."""
        self.flight = {n: held for n, held in self.flight.items() if held[1] > now}
        if names[0] in self.flight:
            return self.standing(now)
        error = refusal(self.limits, self.standing(now), wanted, now, len(names))
        if error is not None:
            raise error
        slots = self.slots(now)
        # Windows that have ended are dropped: what is settled late is of no window any more.
        self.used = {slot: self.used.get(slot, 0) + wanted.of(slot[0]) for slot in slots}
        self.flight |= {name: (wanted // len(names), now + lease) for name in names}
        return self.standing(now)

    def settle(
        self, names: Sequence[str], reserved_at: float, wanted: Amounts, taken: Amounts
    ) -> None:
        """Replaces what was wanted by what was taken. Doing it again changes nothing."""
        if not any([self.flight.pop(name, None) for name in names]):
            return
        for slot in self.slots(reserved_at):
            if slot in self.used:
                self.used[slot] += taken.of(slot[0]) - wanted.of(slot[0])

    def standing(self, now: float) -> Standing:
        levels = tuple(
            Level(limit, self.used.get(slot, 0), window(limit.period, now).ends)
            for limit, slot in zip(self.limits.rates, self.slots(now), strict=True)
        )
        held = sum((amounts for amounts, _ in self.flight.values()), Amounts())
        return Standing(levels, len(self.flight), held)

    def slots(self, now: float) -> list[Slot]:
        """One for each limit, in order."""
        return [
            (limit.unit, limit.period, window(limit.period, now).name)
            for limit in self.limits.rates
        ]
