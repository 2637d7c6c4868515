"""The plan: in which order experts are asked, how many at most, and when to stop."""

from dataclasses import dataclass

LONGEST = 7  # experts asked one after the other
WORTH = 0.005  # accuracy that one more call per question must add to be made by default


@dataclass(frozen=True, slots=True)
class Plan:
    """How to ask. `accuracy` and `calls` are what the rehearsal leads one to expect."""

    score: str  # a key of routing's SCORES
    size: int  # experts at most
    confidence: float | None  # asking stops here; None asks everyone at once
    accuracy: float
    calls: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans that were rehearsed, and the best single expert's."""

    plans: tuple[Plan, ...]
    single: Plan
    choosing_pays: bool = True  # whether one expert chosen by question is not worse

    def within(self, calls: float, size: int = LONGEST, worth: float = 0.0) -> Plan:
        """The best plan that asks at most `size` experts, and `calls` per question on average; a
        call more must add `worth` to the accuracy of one expert alone."""

        def value(plan: Plan) -> float:
            return plan.accuracy - worth * plan.calls

        chosen = [plan for plan in self.plans if plan.size == 1 and self.choosing_pays]
        alone = max(chosen, key=value, default=self.single)
        panels = [p for p in self.plans if 1 < p.size <= size and p.calls <= calls + 1e-9]
        best = max(panels, key=lambda plan: (value(plan), -plan.calls), default=alone)
        return best if value(best) > value(alone) else alone
