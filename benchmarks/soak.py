"""Whether a service stays as it was under steady load: `python -m benchmarks.soak --minutes 20`.

A service with keys, limits and metrics answers plain and streamed requests at 70 % of what it can,
while some clients hang up. It must make no error, and keep its memory, files and tasks.
"""

import re
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Any

import httpx
import typer

from benchmarks.gateway.__main__ import RESULTS, loaded
from benchmarks.gateway.load import Plan
from benchmarks.gateway.targets import Target, bench
from benchmarks.records import commit, machine, written

KINDS = {
    False: ("slow", 100),
    True: ("paced", 200),
}  # by stream: model, and clients it is busy with
LOOKS = 3
LEAVING = 20  # of so many clients one hangs up
IDLE = 35.0  # seconds after which connections that nobody uses are closed
GROWTH = 0.05  # of memory, after the warm-up
SPARE = 5  # files and tasks that may be more at the end than at the beginning


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at one moment."""

    minutes: float
    rss_mb: float
    files: int
    tasks: int


def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 20.0,
    slices: Annotated[int, typer.Option(min=4, help="After each the service is looked at.")] = 20,
    share: Annotated[float, typer.Option(help="Of what the service can.")] = 0.7,
    rest: Annotated[
        float, typer.Option(help="Seconds at the end, in which idle connections are closed.")
    ] = 40.0,
    out: Annotated[Path, typer.Option(help="Folder for soak.json and soak.md.")] = RESULTS,
) -> None:
    """Exits with 1 if anything was not as it must be."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, bench(Path(folder)) as started:
        service = started.convene("Convene", keys=True)
        service.resume()
        told = soaked(service, minutes * 60 / slices, slices, share, rest)
    typer.echo(markdown(told))
    written(told, markdown(told), out / "soak")
    if told["wrong"]:
        raise typer.Exit(1)


def soaked(
    service: Target, seconds: float, slices: int, share: float, rest: float
) -> dict[str, Any]:
    """Everything that was seen, and what of it was wrong."""
    began, samples, seen = monotonic(), [looked_at(service, 0.0)], []
    able = {stream: capacity(service, stream=stream) for stream in (False, True)}
    plans = [
        Plan(
            service.port,
            KINDS[stream][0],
            seconds,
            key=service.key,
            stream=stream,
            rate=max(1.0, share / 2 * rate),
            warm_up=0.0,
            leaving=LEAVING,
        )
        for stream, rate in able.items()
    ]
    for left in reversed(range(slices)):
        with ThreadPoolExecutor(len(plans)) as pool:
            seen += list(pool.map(loaded, plans))
        sleep(1.0 if left else rest)
        samples.append(looked_at(service, (monotonic() - began) / 60))
        typer.echo(str(samples[-1]), err=True)
    errors: dict[str, int] = {}
    for found in seen:
        for what, count in found["errors"].items():
            errors[what] = errors.get(what, 0) + count
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "per_second": {"plain": round(plans[0].rate, 1), "streamed": round(plans[1].rate, 1)},
        "requests": sum(found["asked"] for found in seen),
        "errors": errors,
        "samples": [asdict(sample) for sample in samples],
        "wrong": wrong(samples, errors, rested=rest >= IDLE),
    }


def capacity(service: Target, *, stream: bool) -> float:
    """Requests of the load's kind a second at which it is busy all the time; the least of some
    looks, as a shared machine is not always as fast."""
    model, connections = KINDS[stream]
    plan = Plan(service.port, model, 2.0, key=service.key, stream=stream, connections=connections)
    return min(float(loaded(plan)["per_second"]) for _ in range(LOOKS))


def looked_at(service: Target, minutes: float) -> Sample:
    assert service.process is not None
    headers = {"authorization": f"Bearer {service.key}"}
    scraped = httpx.get(f"http://127.0.0.1:{service.port}/metrics", headers=headers, timeout=30)
    tasks = re.search(r"^convene_tasks (\S+)", scraped.text, re.MULTILINE)
    assert tasks is not None
    memory = service.process.memory_info().rss / 1e6
    files = service.process.num_fds()
    return Sample(round(minutes, 2), round(memory, 1), files, int(float(tasks[1])))


def wrong(samples: list[Sample], errors: dict[str, int], *, rested: bool) -> list[str]:
    """What must not be. Memory is warm after a quarter of the time; files and tasks are to be at
    the end what they were before anybody asked."""
    told = [f"{count} times {what}" for what, count in errors.items()]
    warm = samples[max(1, len(samples) // 4) :]
    half = len(warm) // 2
    before, after = (
        statistics.median(s.rss_mb for s in part) for part in (warm[:half], warm[half:])
    )
    if after > before * (1 + GROWTH):
        told.append(f"memory grew from {before:.1f} to {after:.1f} MB")
    for name in ("files", "tasks") if rested else ("tasks",):
        first, last = getattr(samples[0], name), getattr(samples[-1], name)
        if last > first + SPARE:
            told.append(f"{name} grew from {first} to {last}")
    return told


def markdown(told: dict[str, Any]) -> str:
    """The result for people."""
    rates, samples = told["per_second"], told["samples"]
    return "\n".join(
        [
            "# Under steady load",
            "",
            f"{told['date']}, commit {told['commit']}, {told['machine']}.",
            f"{rates['plain']} plain and {rates['streamed']} streamed requests a second, with "
            f"keys and metrics, {told['requests']} in all; of {LEAVING} clients one hung up.",
            "",
            "| minutes | RSS MB | files | tasks |",
            "|---|---|---|---|",
            *(f"| {s['minutes']} | {s['rss_mb']} | {s['files']} | {s['tasks']} |" for s in samples),
            "",
            "Wrong: " + ("; ".join(told["wrong"]) or "nothing") + ".",
            "",
        ]
    )


if __name__ == "__main__":
    typer.run(main)
