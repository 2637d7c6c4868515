"""The table of a run: medians over its rounds, and each target beside the others."""

import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.gateway.targets import LITELLM, Target
from benchmarks.records import commit, machine

Round = Mapping[str, Any]
TIMES = ("p50", "p90", "p99", "first_p50", "gap_p99", "per_second", "cpu_ms")
HEAD = "| load | target | p50 ms | added p50 | p99 ms | requests/s | CPU ms | first ms | gap p99 |"
LIBRARIES = ("fastapi", "uvicorn", "uvloop", "httptools", "aiohttp", "pydantic", "orjson", "redis")


def median(rounds: Sequence[Round]) -> dict[str, Any]:
    """Of each number the median; of counts the sum."""
    middle: dict[str, Any] = {}
    for name in TIMES:
        values = [found[name] for found in rounds if found.get(name) is not None]
        middle[name] = statistics.median(values) if values else None
    for name in ("requests", "streams", "exact"):
        middle[name] = sum(found[name] for found in rounds)
    middle["errors"] = sum(sum(found["errors"].values()) for found in rounds)
    return middle


def document(points: Mapping[str, Mapping[str, Sequence[Round]]], targets: Iterable[Target]) -> Any:
    """Everything that was measured, and on what."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **versions(), "litellm[proxy]": LITELLM},
        "gateways": {
            t.name: {"start_seconds": round(t.starts, 2), "peak_rss_mb": round(t.peak, 1)}
            for t in targets
            if t.process
        },
        "points": {
            point: {target: median(rounds) for target, rounds in found.items()}
            for point, found in points.items()
        },
    }


def markdown(told: Mapping[str, Any]) -> str:
    """The document for people."""
    gateways = told["gateways"]
    return "\n".join(
        [
            "# What a gateway adds to a call",
            "",
            f"{told['date']}, commit {told['commit']}, {told['machine']}.",
            ", ".join(f"{name} {number}" for name, number in told["versions"].items()) + ".",
            "",
            "| gateway | starts in s | peak RSS MB |",
            "|---|---|---|",
            *(f"| {n} | {g['start_seconds']} | {g['peak_rss_mb']} |" for n, g in gateways.items()),
            "",
            HEAD,
            "|---" * (HEAD.count("|") - 1) + "|",
            *(row(point, name, found) for point, found in told["points"].items() for name in found),
            "",
            *fidelity(told["points"]),
            "",
        ]
    )


def row(point: str, name: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """`direct`, where it was measured, is taken off."""
    own, direct, bare = found[name], found.get("direct"), found.get("forwarder")
    added = own["p50"] - direct["p50"] if direct and own["p50"] is not None else None
    rate = f"{own['per_second']:.0f}"
    if bare and name not in ("direct", "forwarder") and bare["per_second"]:
        rate += f" ({own['per_second'] / bare['per_second']:.2f}x)"
    cells = [point, name, *map(shown, (own["p50"], added, own["p99"])), rate]
    cells += map(shown, (own["cpu_ms"], own["first_p50"], own["gap_p99"]))
    return "| " + " | ".join(cells) + " |"


def fidelity(points: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Errors, and streams that were not as the upstream sent them."""
    names = {name for found in points.values() for name in found}
    told = []
    for name in sorted(names):
        all_ = [found[name] for found in points.values() if name in found]
        streams, exact = sum(f["streams"] for f in all_), sum(f["exact"] for f in all_)
        requests, errors = sum(f["requests"] for f in all_), sum(f["errors"] for f in all_)
        told.append(
            f"- {name}: {requests} requests, {errors} errors; of {streams} streams that were "
            f"compared chunk by chunk {exact} were exact."
        )
    return told


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
