"""How good and how fast the scheduler of local engines is, on simulated engines.

    python -m benchmarks.simulated [--json] [--seeds N]

Nothing here runs a model: makespans are sums of the seconds that the constants below say. Only the
seconds of planning are measured, on whatever machine this runs.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from time import perf_counter

import typer

from benchmarks.paper import LEAST, Row, one_round, paper
from experts.engines.scheduling.bound import lower_bound
from experts.engines.scheduling.machine import Eviction, Job, Machine, Tally
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.simulation import (
    Outcome,
    outcome,
    replayed,
)
from experts.engines.scheduling.work import Cache, Costs, Group, Plan, Site

# 10,000 questions, 3 replies each, of 100 experts of about 7B on 16 engines.
QUESTIONS, REPLIES, EXPERTS, ENGINES = 10_000, 3, 100, 16
REPLY = (0.1, 0.3)  # seconds a reply takes of a full engine: 500 tokens at 1,700 to 5,000 a second
START, WAKE = 40.0, 4.0  # seconds
SWAPS, READS = (0.5, 5.0), (2.0, 10.0)  # seconds: drawn for each base
HELD = 0.5  # share of the bases in each site's host memory, in the layouts that read
ERROR = 0.2  # standard deviation of the logarithm of real seconds / believed seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--seeds", type=int, default=5, help="problems drawn of each layout")
    options = parser.parse_args()
    found = {
        f"{QUESTIONS} questions, {EXPERTS} experts, {ENGINES} engines": large(options.seeds),
        "Symbolic-MoE on GPQA, its figures and a simulation": list(paper()),
        f"memory for {ROOM} of {BASES} bases: {ROUNDS} rounds on {SITES} engines, each planned": (
            list(caches(options.seeds, rounds))
        ),
        f"the same: {JOBS} groups on one engine, in an order that is known but not ours": (
            list(caches(options.seeds, given))
        ),
    }
    if options.json:
        typer.echo(json.dumps(found, indent=2))
        return
    for title, rows in found.items():
        typer.echo(f"\n{title}")
        for line in lines(rows):
            typer.echo(line)


def lines(rows: Sequence[Row]) -> Iterator[str]:
    names = list(rows[0])
    cells = [names, *([shown(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells:
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        yield "  ".join((line[0].ljust(widths[0]), *rest))


def shown(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return (
        f"{value:.3f}"
        if abs(value) < 10
        else f"{value:.2f}"
        if abs(value) < 100
        else f"{value:.0f}"
    )


@dataclass(frozen=True)
class Layout:
    families: int
    zipf: bool = False  # the k-th expert is asked 1/k as often as the first; else all alike
    running: bool = False  # engines are up, families dealt over them; else nothing is
    half: bool = False  # each site may run half of the families
    cold: bool = False  # bases have to be read from disk, and host memory has room for 10


LAYOUTS = {
    "1 family, nothing runs": Layout(1),
    "1 family, all run, zipf": Layout(1, zipf=True, running=True),
    "4 families, nothing runs": Layout(4),
    "4 families, nothing runs, zipf": Layout(4, zipf=True),
    "4 families, all run, half are read": Layout(4, running=True, cold=True),
    "10 families, nothing runs": Layout(10),
    "10 families, all run, zipf": Layout(10, zipf=True, running=True),
    "10 families, zipf, half a site": Layout(10, zipf=True, half=True),
    "10 families, zipf, half are read": Layout(10, zipf=True, cold=True),
}


@dataclass(frozen=True)
class Problem:
    groups: list[Group]
    sites: list[Site]
    costs: Costs
    cache: Cache

    def planned(self) -> Plan:
        return schedule(self.groups, self.sites, self.costs, self.cache)


def drawn(layout: Layout, seed: int) -> Problem:
    random = Random(seed)
    names = [f"family {i:02}" for i in range(layout.families)]
    shares = [1 / (k + 1) if layout.zipf else 1.0 for k in range(EXPERTS)]
    prompts = [max(1, round(QUESTIONS * REPLIES * share / sum(shares))) for share in shares]
    groups = [
        Group(f"base {i:03}", random.choice(names), count, count * random.uniform(*REPLY), LEAST)
        for i, count in enumerate(prompts)
    ]
    bases = [group.base for group in groups]
    costs = Costs(
        dict.fromkeys(names, START),
        dict.fromkeys(names, WAKE),
        {base: random.uniform(*SWAPS) for base in bases},
        {base: random.uniform(*READS) for base in bases},
    )
    sites = [site(layout, names, groups, i, random) for i in range(ENGINES)]
    return Problem(groups, sites, costs, Cache(room=10 if layout.cold else float("inf")))


def site(layout: Layout, names: list[str], groups: list[Group], place: int, random: Random) -> Site:
    # Every family may run somewhere: a site may run those next to its own.
    near = [names[(place + i) % len(names)] for i in range(max(1, len(names) // 2))]
    bases = [group.base for group in groups]
    held = random.sample(bases, round(HELD * len(bases))) if layout.cold else bases
    found = Site(f"engine {place:02}", frozenset(near if layout.half else names))
    own = next((g.base for g in groups if g.family == near[0]), None)
    if layout.running:
        found = replace(found, family=near[0], base=own)
    return replace(found, held=frozenset(held))


def large(seeds: int) -> list[Row]:
    """Each layout's plans against what no plan can beat, and against engines that are mistaken."""
    return [measured(name, layout, seeds) for name, layout in LAYOUTS.items()]


def measured(name: str, layout: Layout, seeds: int) -> Row:
    seconds, ratios, mistaken, steps = [], [], [], []
    for seed in range(seeds):
        problem = drawn(layout, seed)
        watch = perf_counter()
        plan = problem.planned()
        seconds.append(perf_counter() - watch)
        bound = lower_bound(problem.groups, problem.sites, problem.costs)
        ratios.append(plan.makespan / bound)
        mistaken.append(erring(problem, plan, Random(seed)))
        steps.append(replayed(plan, problem.sites, problem.costs, problem.cache).total)
    return {
        "layout": name,
        "planning, s": statistics.median(seconds),
        "at most": max(seconds),
        "makespan / bound": statistics.median(ratios),
        "at most ": max(ratios),
        "starts": statistics.mean(each.starts for each in steps),
        "swaps": statistics.mean(each.swaps for each in steps),
        f"with {ERROR:.0%} errors": statistics.median(mistaken),
    }


def erring(problem: Problem, plan: Plan, random: Random) -> float:
    """Makespan / bound, where every second that the plan believed in turns out otherwise and
    nobody plans again."""

    def wrong(believed: Mapping[str, float]) -> dict[str, float]:
        return {name: value * random.lognormvariate(0, ERROR) for name, value in believed.items()}

    costs = problem.costs
    real = Costs(wrong(costs.start), wrong(costs.wake), wrong(costs.swap), wrong(costs.read))
    seconds = wrong({group.base: 1.0 for group in problem.groups})
    end = replayed(plan, problem.sites, real, problem.cache, seconds=seconds).makespan
    groups = [replace(each, seconds=each.seconds * seconds[each.base]) for each in problem.groups]
    return end / lower_bound(groups, problem.sites, real)


# Rounds of which each asks all of 100 bases, on engines whose host memory has room for a few.
ROUNDS, SITES, BASES, ROOM, JOBS = 6, 4, 100, 10, 300
SLOW = (4.0, 16.0)  # seconds to read a base, about 16 GB, from a disk that others use too
SHORT = (2.0, 20.0)  # seconds of generation for a base in a round


Run = Callable[[Cache, Eviction, int], Outcome]


def caches(seeds: int, run: Run) -> Iterator[Row]:
    for ahead in (0, 1, 2, 4):
        for eviction in Eviction:
            found = [run(Cache(ROOM, ahead), eviction, seed) for seed in range(seeds)]
            yield {
                "steps ahead": str(ahead),
                "drops": eviction.value,
                "makespan, s": statistics.mean(each.makespan for each in found),
                "stalled, s": mean(found, lambda tally: tally.stalled),
                "of the reading hidden": mean(found, lambda tally: tally.overlap),
                "found in memory": mean(found, lambda tally: tally.hit_rate),
            }


def rounds(cache: Cache, eviction: Eviction, seed: int) -> Outcome:
    random = Random(seed)
    bases = [f"base {i:03}" for i in range(BASES)]
    costs = Costs(read={base: random.uniform(*SLOW) for base in bases})
    machines = [
        Machine(Site(f"engine {i}", frozenset("f"), "f"), costs, cache, eviction)
        for i in range(SITES)
    ]
    for _ in range(ROUNDS):
        groups = [Group(base, "f", 100, random.uniform(*SHORT), LEAST) for base in bases]
        one_round(machines, groups, costs, cache)
    return outcome(machines)


def given(cache: Cache, eviction: Eviction, seed: int) -> Outcome:
    """Each group is of the k-th base with a probability in proportion to 1/k."""
    random = Random(seed)
    bases = [f"base {i:03}" for i in range(BASES)]
    costs = Costs(read={base: random.uniform(*SLOW) for base in bases})
    machine = Machine(Site("engine", frozenset("f"), "f"), costs, cache, eviction)
    drawn_bases = random.choices(bases, [1 / (k + 1) for k in range(BASES)], k=JOBS)
    machine.run([Job(base, "f", random.uniform(*SHORT)) for base in drawn_bases])
    return outcome([machine])


def mean(outcomes: Sequence[Outcome], of: Callable[[Tally], float]) -> float:
    return statistics.mean(of(each.total) for each in outcomes)


if __name__ == "__main__":
    main()
