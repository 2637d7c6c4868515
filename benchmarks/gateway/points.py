"""What is measured: every kind of load, and which targets take it."""

from dataclasses import dataclass

from benchmarks.gateway.load import Plan
from benchmarks.gateway.targets import MODELS, Target

LADDER = (1, 4, 16, 64)  # connections


@dataclass(frozen=True, slots=True)
class Point:
    """One kind of load. `model` says how slow the upstream is. With a `panel` it is three who are
    asked: `vote` has them settle it, `synthesize` has a fourth write the verdict."""

    model: str = "instant"
    stream: bool = False
    connections: int = 1
    size: int = 150  # bytes of the question
    rate: float = 0.0  # requests a second, whatever comes back; 0: as fast as answers come
    panel: str = ""

    @property
    def name(self) -> str:
        what = self.panel or self.model
        loop = f"{self.rate:g}/s" if self.rate else f"c={self.connections}"
        return f"{what} {'stream' if self.stream else 'plain'} {self.size} B {loop}"

    def plan(self, target: Target, seconds: float) -> Plan:
        path = f"/{MODELS[self.model]}{target.path}" if target.ways else target.path
        return Plan(
            target.port,
            self.panel or self.model,
            seconds,
            path,
            target.key,
            self.size,
            self.stream,
            self.connections,
            self.rate,
        )


PLAIN = [Point(connections=c) for c in LADDER]
STREAMS = [Point(stream=True, connections=c) for c in LADDER]
BODIES = [Point(size=size, connections=c) for size in (10_000, 100_000) for c in (1, 16)]
SLOW = [Point("slow", connections=c) for c in (1, 64)]
PACED = [Point("paced", stream=True, connections=c) for c in (1, 16)]
STEADY = [Point("slow", rate=rate) for rate in (20, 200)]
PANELS = [Point(panel=way, connections=c) for way in ("vote", "synthesize") for c in (1, 16)]
FULL = [*PLAIN, *STREAMS, *BODIES, *SLOW, *PACED, *STEADY, *PANELS]
SHORT = [
    Point(connections=4),
    Point(stream=True, connections=4),
    Point("paced", stream=True, connections=2),
    Point("slow", rate=20),
    Point(panel="synthesize", connections=2),
]
