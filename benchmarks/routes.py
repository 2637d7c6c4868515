"""How long routing takes apart from the encoder, with 100 experts and 100,000 graded questions.

    python benchmarks/routes.py [--json] [--experts N] [--questions N]

Vectors and outcomes are drawn from a seed; one thread. Seconds of a shared machine: compare only
what one run says with what the same run says.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter, thread_time

import numpy as np
import typer

from routing.encoder import Vectors
from routing.profile import Graded, Profile
from routing.router import Recruiting, Router
from routing.skills import NearestSkills
from routing.snapshot import Snapshot
from routing.threads import one_thread
from routing.types import Question

DIMENSION, SKILLS, SEED = 384, 20, 0
ALONE, BATCH, ROUNDS = 500, 1000, 15
RECRUITING = Recruiting("bench")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--experts", type=int, default=100)
    parser.add_argument("--questions", type=int, default=100_000)
    options = parser.parse_args()
    with one_thread():
        found = asyncio.run(measure(World(options.experts, options.questions)))
    if options.json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        typer.echo(f"{name:<40}{value:>10.3f}")


@dataclass
class World:
    """Questions around the directions of their skills, and experts better at some than at others.
    Doubles as the encoder of its own questions."""

    experts: int
    questions: int
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))
    vectors: Vectors = field(init=False)

    def __post_init__(self) -> None:
        self.directions = self.random.normal(size=(SKILLS, DIMENSION))
        self.good = np.clip(self.random.normal(0.5, 0.2, (self.experts, SKILLS)), 0.05, 0.95)

    def drawn(self, count: int) -> tuple[Vectors, np.ndarray]:
        """Unit vectors, shape (count, dimension), and the skill of each: a mixture of two, so
        that most questions lie between skills."""
        skill, other = self.random.integers(0, SKILLS, (2, count))
        mixed = 0.2 * self.directions[skill] + 0.2 * self.directions[other]
        vectors = mixed + self.random.normal(size=(count, DIMENSION))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32), skill

    def graded(self) -> list[Graded]:
        self.vectors, skill = self.drawn(self.questions)
        names = [f"expert {i:03}" for i in range(self.experts)]
        right = self.random.random((self.questions, self.experts)) < self.good.T[skill]
        return [
            Graded(f"question {i}", f"skill {s:02}", tuple(zip(names, row, strict=True)))
            for i, (s, row) in enumerate(zip(skill, right.astype(float).tolist(), strict=True))
        ]

    async def encode(self, texts: Sequence[str]) -> Vectors:
        return self.vectors[: len(texts)]


async def measure(world: World) -> dict[str, float]:
    """Seconds of fitting, milliseconds of a question alone, microseconds of one in a batch."""
    profile = await Profile.of(world.graded(), world)
    watch = Stopwatch()
    channel = profile.channel(world)
    found = {"codebook, seconds": watch.lap()}
    evidence = profile.evidence
    found["evidence, seconds"] = watch.lap()
    affinity = profile.affinity(evidence.experts)
    found["affinity, seconds"] = watch.lap()
    router = Router(evidence.experts, channel, evidence, affinity)
    router.recruit(Question("first"), channel.of_vectors(profile.vectors[:1])[0], RECRUITING)
    found["competence, seconds"] = watch.lap()
    return found | asked(world, channel, router)


def asked(world: World, channel: NearestSkills, router: Router) -> dict[str, float]:
    """Batches and single questions taking turns; what both recruit must agree."""
    vectors, _ = world.drawn(BATCH)
    questions = [Question(f"new question {i}") for i in range(BATCH)]
    alone, batch, own, frozen = [], [], [], []
    needs, snapshot = channel.of_vectors(vectors), Snapshot.of(router, channel, RECRUITING)
    watch = Stopwatch()
    for first in range(ROUNDS):
        watch.lap()
        turn = thread_time()
        routes = router.recruit_all(questions, channel.of_vectors(vectors), RECRUITING)
        own.append((thread_time() - turn) / BATCH)
        batch.append(watch.lap() / BATCH)
        for i in range(first, BATCH, BATCH * ROUNDS // ALONE):
            watch.lap()
            (needed,) = channel.of_vectors(vectors[i : i + 1])
            route = router.recruit(questions[i], needed, RECRUITING)
            alone.append(watch.lap())
            assert route == routes[i]
            watch.lap()
            snapshot.panel(vectors[i])
            frozen.append(watch.lap())
    return {
        "skills per question": statistics.mean(len(needed.skills) for needed in needs),
        "alone, p50, milliseconds": 1e3 * statistics.median(alone),
        "alone, p95, milliseconds": 1e3 * statistics.quantiles(alone, n=20)[-1],
        "in a batch, p50, microseconds each": 1e6 * statistics.median(batch),
        "of these on the processor": 1e6 * statistics.median(own),
        "from a snapshot, p50, microseconds": 1e6 * statistics.median(frozen),
    }


class Stopwatch:
    """Seconds since the last lap."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def lap(self) -> float:
        last, self._last = self._last, perf_counter()
        return self._last - last


if __name__ == "__main__":
    main()
