"""Symbolic-MoE's case, simulated: sixteen experts of 7 to 12 billion parameters, one GPU and four.

Part of `benchmarks.simulated`. Its own figures stand beside what the scheduler would make of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from experts.engines.scheduling.machine import Job, Machine
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.simulation import Outcome, by_question, job_of, one_by_one, outcome
from experts.engines.scheduling.work import Cache, Costs, Group, Site

Row = dict[str, str | float]

LEAST = 32  # prompts worth a part: below, a batch does not fill an engine

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
