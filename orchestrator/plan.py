"""The plan: in which order experts are asked, how many at most, and when to stop."""

from dataclasses import dataclass

LONGEST = 7  # experts asked one after the other
MOST_CALLS, MOST_EXPERTS = 3.0, 5  # a question, where the operator does not say
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
    """Every plan that was rehearsed, and the best single expert's."""

    plans: tuple[Plan, ...]
    single: Plan

    def within(self, calls: float, size: int = LONGEST, worth: float = 0.0) -> Plan:
        """The best plan that asks at most `size` experts, and `calls` per question on average; a
        call more must add `worth` to the accuracy."""

        def value(plan: Plan) -> float:
            return plan.accuracy - worth * plan.calls

        affordable = [p for p in self.plans if p.size <= size and p.calls <= calls + 1e-9]
        return max(
            [*affordable, self.single],
            key=lambda plan: (value(plan), -plan.calls, -plan.size, plan is not self.single),
        )
