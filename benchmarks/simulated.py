"""How good and how fast the scheduler of local engines is, on simulated engines.

    python benchmarks/simulated.py [--json] [--seeds N]

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

from experts.engines.scheduling.bound import lower_bound
from experts.engines.scheduling.machine import Eviction, Job, Machine, Tally
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.simulation import (
    Outcome,
    by_question,
    job_of,
    one_by_one,
    outcome,
    replayed,
)
from experts.engines.scheduling.work import Cache, Costs, Group, Plan, Site

Row = dict[str, str | float]

# 10,000 questions, 3 replies each, of 100 experts of about 7B on 16 engines.
QUESTIONS, REPLIES, EXPERTS, ENGINES = 10_000, 3, 100, 16
REPLY = (0.1, 0.3)  # seconds a reply takes of a full engine: 500 tokens at 1,700 to 5,000 a second
LEAST = 32  # prompts worth a part: below, a batch does not fill an engine
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


# Symbolic-MoE's run on GPQA (2503.05641): 198 questions, 3 of 16 experts and an aggregator each.
# What the paper fixes, in seconds a question, and all that is calibrated on it:
GPQA, RECRUITED, AGGREGATOR = 198, 3, "R1-Distill-Qwen-7B"
SEQUENTIAL, BATCHED, BATCHED_ON_4 = 196.92, 25.76, 10.85
# What it does not fix, so assumed:
BUILD = 33.0  # seconds to build an engine: vLLM's blog says 48 for a restart, 15 of them imports
PAUSE = 10.0  # seconds that its published code sleeps after an engine
LONG = 4.0  # how much longer a reply of an R1 model is than another's
AWAKE, SWAP, READ = 5.0, 1.0, 4.4  # seconds: wakes 3 to 6; 16 GB over PCIe 4; from NVMe
POOL = {  # experts by shape: what could share an engine. The first is asked most, the k-th 1/k
    "qwen2 7B": ("R1-Distill-Qwen-7B", "Qwen2.5-7B", "Qwen2.5-Math-7B", "Qwen2.5-Coder-7B"),
    "llama 8B": ("R1-Distill-Llama-8B", "Llama-3.1-8B", "Bio-Medical-Llama-3-8B"),
    **{
        name: (name,)
        for name in (
            *("EXAONE-3.5-7.8B", "GLM-4-9B", "Gemma-2-9B", "Mathstral-7B", "InternLM3-8B"),
            *("Granite-3.1-8B", "Mistral-Nemo-12B", "DeepSeekMath-7B", "Phi-3.5-mini"),
        )
    },
}
FAMILY = {base: family for family, bases in POOL.items() for base in bases}
BUILDS = len(FAMILY) + 1  # each expert's, and the aggregator's
GENERATION = GPQA * BATCHED - BUILDS * (BUILD + PAUSE)  # seconds on one GPU, of all replies
SPEEDUP = GENERATION / (GPQA * BATCHED_ON_4 - BUILDS * (BUILD + PAUSE))  # of 4 GPUs on one batch
ALONE = SEQUENTIAL / (RECRUITED + 1) - BUILD  # seconds of a reply in a batch of one


def paper() -> Iterator[Row]:
    """Seconds a question. The first three are the paper's figures, met because their free
    quantities (generation, its speed-up on 4 GPUs, a reply alone) are solved from them."""
    rounds = work(FAMILY)
    alone = [Job(base, base, ALONE) for _ in range(GPQA) for base in list(FAMILY)[-3:]]
    alone += [Job(AGGREGATOR, AGGREGATOR, ALONE) for _ in range(GPQA)]
    built = Costs(dict.fromkeys((*POOL, *FAMILY), BUILD), read=dict.fromkeys(FAMILY, 0.0))
    gpu = Site("GPU", frozenset((*POOL, *FAMILY)))
    yield row("one call at a time", by_question(alone, gpu, built), None)
    groups = [group for each in rounds for group in each]
    faster = [replace(group, seconds=group.seconds / SPEEDUP) for group in groups]
    yield row(
        "Symbolic-MoE: expert by expert, tensor parallel",
        *(one_by_one(each, gpu, built, PAUSE) for each in (groups, faster)),
    )
    apart = {base: base for base in FAMILY}
    for name, family, warm in (
        ("Convene, nothing runs, no two share an engine", apart, False),
        ("Convene, nothing runs, an engine a shape", FAMILY, False),
        ("Convene, engines asleep, no two share one", apart, True),
        ("Convene, engines asleep, an engine a shape", FAMILY, True),
    ):
        yield row(name, *(two_rounds(family, warm, gpus) for gpus in (1, 4)))
    resident = [GENERATION / gpus / GPQA for gpus in (1, 4)]
    yield {
        "seconds a question": "all weights always resident",
        "1 GPU": resident[0],
        "4 GPUs": resident[1],
    }


def row(name: str, one: Outcome, four: Outcome | None) -> Row:
    return {
        "seconds a question": name,
        "1 GPU": one.makespan / GPQA,
        "4 GPUs": "" if four is None else four.makespan / GPQA,
    }


def work(family: Mapping[str, str]) -> list[list[Group]]:
    """The experts' round and the aggregator's; seconds in proportion to replies and length."""
    shares = {base: 1 / (k + 1) for k, base in enumerate(FAMILY)}
    total = sum(shares.values())
    replies = {base: round(GPQA * RECRUITED * share / total) for base, share in shares.items()}
    rounds = [replies, {AGGREGATOR: GPQA}]
    tokens = sum(count * length(base) for each in rounds for base, count in each.items())
    return [
        [
            Group(base, family[base], count, GENERATION * count * length(base) / tokens, LEAST)
            for base, count in each.items()
        ]
        for each in rounds
    ]


def length(base: str) -> float:
    return LONG if base.startswith("R1") else 1.0


def two_rounds(family: Mapping[str, str], warm: bool, gpus: int) -> Outcome:
    """The aggregator waits for the last expert. Warm: every family's engine sleeps on every GPU,
    with another base's weights, and host memory holds all."""
    names = frozenset(family.values())
    costs = Costs(
        dict.fromkeys(names, BUILD),
        dict.fromkeys(names, AWAKE),
        dict.fromkeys(family, SWAP),
        dict.fromkeys(family, READ),
    )
    gpu = Site("", names)
    if warm:
        gpu = replace(gpu, asleep=dict.fromkeys(names), held=frozenset(family))
    sites = [replace(gpu, name=f"GPU {i}") for i in range(gpus)]
    machines = [Machine(each, costs) for each in sites]
    for groups in work(family):
        one_round(machines, groups, costs, Cache())
    return outcome(machines)


def one_round(machines: Sequence[Machine], groups: list[Group], costs: Costs, cache: Cache) -> None:
    """Plans for the machines as they stand and runs the plan, once all are done with what was."""
    start = max(machine.now for machine in machines)
    plan = schedule(groups, [machine.seen() for machine in machines], costs, cache)
    for machine in machines:
        machine.wait(start)
        machine.run([job_of(step, {}) for step in plan.lanes[machine.site.name].steps], start)


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
