"""Events for those who observe."""

from dataclasses import replace

from experts.types import Usage
from orchestrator.telemetry import Call, DeliberationFinished

ADA = Call("ada", "panel", 0.1, 1.0, 0.75, "answered", Usage(10, 5, 0.5))
BOB = Call("bob", "panel", 0.1, 2.0, 2.0, "timeout")
FINISHED = DeliberationFinished(
    policy="vote",
    mode="plain",
    outcome="answered",
    began=1_700_000_000.0,
    seconds=2.5,
    routing=0.1,
    first_text=None,
    calls=(ADA, BOB),
    usage=Usage(10, 5, 0.5),
    author="ada",
    aggregator="vote",
    confidence=0.9,
    agreement=1.0,
)


def finished(**changes) -> DeliberationFinished:
    return replace(FINISHED, **changes)
