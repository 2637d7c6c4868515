"""`convene status`: what a running service says of itself."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from api.cli import terminal
from api.cli.ask import Json
from api.cli.exits import FAILED
from api.cli.remote import HERE, Key, NotAdmitted, Unreachable, Url, session

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from prometheus_client.samples import Sample

ENGINE = "convene_engine_"
WORDS = {"state": "state", "resident": "base", "held": "base"}  # metric: the label that says it
FLIGHT = "convene_http_requests_in_flight"
CALLS = "convene_calls_total"
CIRCUIT = "convene_circuit_state"
OPEN = ("validating", "in_progress", "finalizing", "cancelling")  # batches
CIRCUITS = ("asked", "being tried", "left alone")  # by the metric's value


@dataclass(frozen=True, slots=True)
class Status:
    """What is known; `in_flight` and what follows only from metrics, for an admin's key. Of batches
    the latest hundred of the key's tenant are looked at."""

    url: str
    ready: bool
    awaiting: list[str]
    degraded: list[str]  # what it does without
    models: list[str]
    batches: list[dict[str, Any]] = field(default_factory=list)  # the tenant's open ones, as told
    metrics: bool = False  # whether they could be read
    in_flight: int | None = None
    calls: dict[str, dict[str, int]] = field(default_factory=dict)  # expert: outcome: how often
    circuits: dict[str, str] = field(default_factory=dict)  # of hosted experts
    engines: dict[str, dict[str, Any]] = field(default_factory=dict)


def status(url: Url = HERE, key: Key = None, json: Json = False) -> None:
    """Show whether a running service is ready, whom it asks, its batches, and what engines do.

    Exits with 0 if it is ready, 1 if it is not or does not answer, 2 if it takes another key.
    """
    found = asyncio.run(_asked(url, key))
    if json:
        terminal.document(asdict(found))
    else:
        terminal.table(*told(found))
    if not found.ready:
        raise typer.Exit(FAILED)


async def _asked(url: str, key: str | None) -> Status:
    async with session(url, key) as client:
        readiness = await _document(client, "/readyz", accepted=(200, 503))
        models = await _document(client, "/v1/models", accepted=(200, 503))
        names = [model["id"] for model in models.get("data", ())]
        batches = await _document(client, "/v1/batches?limit=100", accepted=(200, 503))
        async with client.get("/metrics") as response:
            text = await response.text() if response.status == 200 else None
    degraded = readiness.get("degraded", [])
    at_work = [batch for batch in batches.get("data", ()) if batch["status"] in OPEN]
    known = (url, readiness["status"] == "ready", readiness["awaiting"], degraded, names, at_work)
    if text is None:
        return Status(*known)
    return Status(*known, metrics=True, **figures(samples(text)))


async def _document(
    client: "ClientSession", path: str, *, accepted: tuple[int, ...]
) -> dict[str, Any]:
    async with client.get(path) as response:
        if response.status == 401:
            raise NotAdmitted
        if response.status not in accepted or response.content_type != "application/json":
            raise Unreachable(f"{response.url} answers {response.status}: that is no Convene")
        found: dict[str, Any] = await response.json()
        return found


def samples(text: str) -> "list[Sample]":
    """Every series of a scrape."""
    from prometheus_client.parser import text_string_to_metric_families

    return [s for family in text_string_to_metric_families(text) for s in family.samples]


def figures(scraped: "Iterable[Sample]") -> dict[str, Any]:
    """What of a scrape is shown."""
    in_flight: int | None = None
    calls: dict[str, dict[str, int]] = {}
    circuits: dict[str, str] = {}
    engines: dict[str, dict[str, Any]] = {}
    for sample in scraped:
        if sample.name == FLIGHT:
            in_flight = int(sample.value)
        elif sample.name == CALLS:
            of = calls.setdefault(sample.labels["expert"], {})
            outcome = sample.labels["outcome"]
            of[outcome] = of.get(outcome, 0) + int(sample.value)
        elif sample.name == CIRCUIT:
            circuits[sample.labels["expert"]] = CIRCUITS[int(sample.value)]
        elif sample.name.startswith(ENGINE):
            _add(engines, sample)
    return {"in_flight": in_flight, "calls": calls, "circuits": circuits, "engines": engines}


def _add(engines: dict[str, dict[str, Any]], sample: "Sample") -> None:
    engine = engines.setdefault(f"{sample.labels['family']}/{sample.labels['replica']}", {})
    name = sample.name.removeprefix(ENGINE).removesuffix("_total")
    if name in WORDS:
        engine.setdefault(name, []).append(sample.labels[WORDS[name]])
    else:
        engine[name] = sample.value


def told(found: Status) -> Iterator[RenderableType]:
    """For people."""
    yield Text(f"{found.url}: {'ready' if found.ready else 'not ready'}")
    yield from (Text(f"  waits for {each}") for each in found.awaiting)
    yield from (Text(f"  does without: {each}") for each in found.degraded)
    if found.models:
        yield Text(f"models: {', '.join(found.models)}")
    yield from (Text(_batch(batch)) for batch in found.batches)
    if not found.metrics:
        yield Text("engines and calls are shown to admins' keys")
        return
    yield Text(f"requests in flight, this one too: {found.in_flight}")
    if found.calls:
        yield _calls(found.calls)
    for expert, circuit in found.circuits.items():
        if circuit != CIRCUITS[0]:
            yield Text(f"{expert} is {circuit}, as it kept failing")
    if found.engines:
        yield _engines(found.engines)


def _batch(batch: dict[str, Any]) -> str:
    counts = batch["request_counts"]
    done = counts["completed"] + counts["failed"]
    words = batch["status"].replace("_", " ")
    failed = f", {counts['failed']} failed" if counts["failed"] else ""
    return f"{batch['id']} is {words}: {done} of {counts['total']} lines{failed}"


def _calls(calls: dict[str, dict[str, int]]) -> Table:
    table = Table("expert", "answered", "failed")
    for expert, outcomes in sorted(calls.items()):
        failed = [
            f"{n} {outcome}" for outcome, n in outcomes.items() if outcome != "answered" and n
        ]
        cells = (expert, str(outcomes.get("answered", 0)), ", ".join(failed))
        table.add_row(*map(Text, cells))
    return table


def _engines(engines: dict[str, dict[str, Any]]) -> Table:
    table = Table("engine", "state", "weights", "running", "waiting", "swaps", "restarts")
    for name, engine in engines.items():
        weights = (base.rpartition("/")[2] for base in engine.get("resident", ()))
        words = (", ".join(engine.get("state", ())), ", ".join(weights))
        counts = (f"{engine.get(n, 0):g}" for n in ("running", "waiting", "swaps", "restarts"))
        table.add_row(*map(Text, (name, *words, *counts)))
    return table
