"""How long requests wait, and how often weights are swapped, where eight models share one engine.

    python -m benchmarks.online [--json] [--rounds N] [--simulated]

Requests arrive at random (Poisson) and some models are asked for more often than others (Zipf).
Three ways to choose whose turn it is serve the same arrivals: in order of arrival; as llama-swap
does, each model as long as it is in use; and ours. First on a simulated engine, with the costs of
a 7B model on a GPU and of the built-in models on two cores; then on a real vLLM engine with the
built-in models. Loads are multiples of what can be served one by one with a swap each.
"""

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import typer

from benchmarks.specialists import engines
from benchmarks.traffic import BASES, LOADS, arrivals, length
from experts.engines.generation import Request
from experts.engines.serving import Serving, Steps
from experts.engines.simulated import (
    Clock,
    Served,
    SimulatedEngine,
    Timing,
    VirtualClock,
    replay,
)
from experts.engines.switching import POLICIES
from experts.engines.waiting import Call
from experts.types import Message

BATCH = 64
SIMULATED, REAL = 2000, 200  # requests of a trace
OURS, AHEAD = "bounded", "bounded, reading ahead"
HELD = "bounded, host memory"
ROUNDS = 3
MAX_WAIT = 2.0  # seconds, on the real engine: the registry's own

Row = dict[str, float]
Table = dict[str, dict[str, Row]]  # load -> policy -> figures


@dataclass(frozen=True)
class Machine:
    """An engine to be simulated, and what is asked of it."""

    timing: Timing
    tokens: int  # of a reply, on average
    max_wait: float


MACHINES = {
    # A step reads the weights whatever is in the batch; a swap copies 15 GB to the GPU.
    "7B on a GPU": Machine(Timing(swap=1.0, read=0.7, step=0.025, token=0.00005), 100, 60.0),
    "built-in, 1M on a CPU": Machine(
        Timing(swap=0.02, read=0.005, step=0.0024, token=0.0001), 12, 2.0
    ),
}


class Blind:
    """An engine that is not told what comes next."""

    def __init__(self, engine: Steps) -> None:
        self._engine = engine
        self.batch = engine.batch
        self.add, self.step = engine.add, engine.step
        self.abort, self.swap = engine.abort, engine.swap

    @property
    def resident(self) -> str:
        return self._engine.resident

    def expect(self, bases: Sequence[str]) -> None:
        """Reads nothing ahead."""

    def ready(self, base: str) -> bool:
        """Nothing is read that could be waited for."""
        del base
        return True


class RealClock:
    """Seconds since it was made."""

    next_event = math.inf

    def __init__(self) -> None:
        self._zero = time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() - self._zero

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--simulated", action="store_true", help="leave the real engine out")
    options = parser.parse_args()
    found = measure(options.rounds, real=not options.simulated)
    if options.json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, table in found.items():
        typer.echo(f"\n{name}")
        for line in _lines(table):
            typer.echo(line)


def measure(rounds: int = ROUNDS, *, real: bool = True) -> dict[str, Table]:
    """Per engine, load and policy the medians over rounds, each with arrivals of its own."""
    found = {f"simulated: {name}": simulated(m, rounds) for name, m in MACHINES.items()}
    if real:
        found["real: the built-in models on this CPU"] = measured(rounds)
    return found


def simulated(machine: Machine, rounds: int, count: int = SIMULATED) -> Table:
    """The same in virtual time."""
    alone = machine.timing.swap + machine.tokens * machine.timing.step
    requests = {base: Request(base, (Message("user", "x" * 100),), 0) for base in BASES}
    table: Table = {}
    for load, factor in LOADS.items():
        rows: dict[str, list[Row]] = {}
        for round_ in range(rounds):
            trace = arrivals(factor / alone, count, seed=round_)
            lengths = random.Random(round_)
            replies = [length(lengths, machine.tokens) for _ in trace]
            for policy in (*POLICIES, AHEAD):
                clock = VirtualClock()
                engine = SimulatedEngine(clock, machine.timing, BASES[0], BATCH)
                calls = [
                    Call(str(n), base, when, {0: replace(requests[base], max_tokens=replies[n])})
                    for n, (when, base) in enumerate(trace)
                ]
                row = run(engine, clock, calls, policy, machine.max_wait)
                rows.setdefault(policy, []).append(row)
        table[load] = {policy: _medians(found) for policy, found in rows.items()}
    return table


def measured(rounds: int) -> Table:
    """The same on vLLM engines in this process; policies take turns. The last is as the service
    has it, with weights in host memory; for the others each swap reads them from disk."""
    reading, keeping, requests = engines()
    alone = min(_alone(reading, requests) for _ in range(3))  # the first one loads things
    _alone(keeping, requests)
    table: Table = {}
    for load, factor in LOADS.items():
        rows: dict[str, list[Row]] = {}
        for round_ in range(rounds):
            trace = arrivals(factor / alone, REAL, seed=round_)
            asked = random.Random(round_)
            chosen = [asked.choice(requests[base]) for _, base in trace]
            for policy in (*POLICIES, HELD):
                engine = keeping if policy == HELD else reading
                calls = [
                    Call(str(n), request.base, when, {0: request})
                    for n, ((when, _), request) in enumerate(zip(trace, chosen, strict=True))
                ]
                if engine.resident != requests[BASES[0]][0].base:
                    engine.swap(requests[BASES[0]][0].base)
                rows.setdefault(policy, []).append(
                    run(engine, RealClock(), calls, policy, MAX_WAIT)
                )
        table[load] = {policy: _medians(found) for policy, found in rows.items()}
    return table


def run(engine: Steps, clock: Clock, calls: list[Call], policy: str, max_wait: float) -> Row:
    """One trace under one policy."""
    whole = policy in (AHEAD, HELD)
    chosen = POLICIES[OURS if whole else policy]
    steps = engine if whole else Blind(engine)
    serving = Serving(steps, clock, max_wait=max_wait, policy=chosen)
    served = replay(serving, clock, calls)
    return figures(served, serving) | {"bound, s": max_wait}


def figures(served: Sequence[Served], serving: Serving) -> Row:
    """What a row of the table says of one run."""
    waits = sorted(one.wait for one in served)
    seconds = max(one.ended for one in served)
    return {
        "requests": float(len(served)),
        "swaps": float(serving.swaps),
        "mean wait, s": statistics.mean(waits),
        "p95 wait, s": waits[int(0.95 * (len(waits) - 1))],
        "longest wait, s": waits[-1],
        "requests/s": len(served) / seconds,
        "share of time swapping": serving.swap_seconds / seconds,
    }


def _alone(engine: Steps, requests: Mapping[str, Sequence[Request]]) -> float:
    """Seconds that a request takes by itself, with a swap before it."""
    calls = [
        Call(str(n), mine[n].base, 0.0, {0: mine[n]})
        for n, mine in enumerate([*requests.values()] * 3)
    ]
    clock = RealClock()
    serving = Serving(engine, clock, max_wait=math.inf, policy=POLICIES["in order"])
    return max(one.ended for one in replay(serving, clock, calls)) / len(calls)


def _lines(table: Table) -> Iterator[str]:
    columns = list(next(iter(next(iter(table.values())).values())))
    yield f"{'load':<17}{'policy':<24}" + "".join(f"{name:>24}" for name in columns)
    for load, rows in table.items():
        for policy, row in rows.items():
            cells = "".join(f"{row[name]:>24.3f}" for name in columns)
            yield f"{load:<17}{policy:<24}{cells}"


def _medians(rows: Sequence[Row]) -> Row:
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


if __name__ == "__main__":
    main()
