"""`convene bench`: how fast a running service answers, as its clients see it."""

import asyncio
import json as json_
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.cli import terminal
from api.cli.ask import Json, Model
from api.cli.exits import FAILED
from api.cli.remote import HERE, Key, NotAdmitted, Unreachable, Url, session

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

MOST = 2000  # requests in flight at a fixed rate; what comes on top is counted as not sent
QUESTION = "What is the total of {n} and 47?"  # another one each time: no cache knows it


@dataclass(frozen=True, slots=True)
class Load:
    """How requests are sent: by so many clients, each after its last answer, or at a fixed rate."""

    requests: int | None
    seconds: float | None
    clients: int = 8
    rate: float | None = None  # a second

    def over(self, sent: int, elapsed: float) -> bool:
        enough = self.requests is not None and sent >= self.requests
        return enough or (self.seconds is not None and elapsed >= self.seconds)


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. At a fixed rate its seconds start when it was due, sent or not."""

    outcome: str  # `200`, another status and why, or the name of what went wrong
    seconds: float
    first: float | None = None  # seconds to the first text, of a stream


Send = Callable[[int], Awaitable[tuple[str, float | None]]]  # outcome, moment of the first text


def bench(
    url: Url = HERE,
    key: Key = None,
    model: Model = "auto",
    question: Annotated[
        str, typer.Option(help="What is asked; {n} becomes a number, another each time.")
    ] = QUESTION,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, help="Clients that ask one after another.")
    ] = 8,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, help="Requests a second instead, however long answers take."),
    ] = None,
    requests: Annotated[
        int | None, typer.Option("--requests", "-n", min=1, show_default="200, or --seconds")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long to send.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Ask for streams; tells TTFT.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one answer.")] = 60.0,
    json: Json = False,
) -> None:
    """Measure a running service: percentiles, throughput, time to the first text, errors.

    Exits with 1 if any request failed. Every request is real: it costs what it costs.
    """
    if requests is None and seconds is None:
        requests = 200
    load = Load(requests, seconds, concurrency, rate)
    samples, elapsed = asyncio.run(_bench(url, key, load, timeout, _body(model, question, stream)))
    report = reported(samples, elapsed)
    if json:
        terminal.document(report)
    else:
        terminal.table(told(report))
    if report["errors"]:
        raise typer.Exit(FAILED)


def _body(model: str, question: str, stream: bool) -> Callable[[int], dict[str, Any]]:
    def body(n: int) -> dict[str, Any]:
        content = question.replace("{n}", str(n))
        return {
            "model": model,
            "messages": [{"role": "user", "content": content}],
            "stream": stream,
            "convene": {"explain": False, "cache": False},
        }

    return body


async def _bench(
    url: str, key: str | None, load: Load, seconds: float, body: Callable[[int], dict[str, Any]]
) -> tuple[list[Sample], float]:
    most = MOST if load.rate else load.clients
    async with session(url, key, connections=most, seconds=seconds) as client:
        async with client.get("/v1/models") as response:  # a wrong address or key is told at once
            if response.status == 401:
                raise NotAdmitted
            if response.status != 200:
                raise Unreachable(f"{url} answers {response.status}; see `convene status`")
        clock = asyncio.get_running_loop().time
        started = clock()
        with terminal.working("asking"):
            samples = await run(load, lambda n: _sent(client, body(n)), clock)
        return samples, clock() - started


async def run(load: Load, send: Send, clock: Callable[[], float]) -> list[Sample]:
    """Sends as the load says, and waits for the last answer."""
    if load.rate is not None:
        return await _open(load, load.rate, send, clock)
    started, numbers, samples = clock(), count(), list[Sample]()

    async def client() -> None:
        while not load.over(n := next(numbers), clock() - started):
            samples.append(await _timed(send, n, clock(), clock))

    async with asyncio.TaskGroup() as group:
        for _ in range(load.clients):
            group.create_task(client())
    return samples


async def _open(load: Load, rate: float, send: Send, clock: Callable[[], float]) -> list[Sample]:
    started, samples, in_flight = clock(), list[Sample](), 0

    async def one(n: int, due: float) -> None:
        nonlocal in_flight
        in_flight += 1
        samples.append(await _timed(send, n, due, clock))
        in_flight -= 1

    async with asyncio.TaskGroup() as group:
        for n in count():
            due = started + n / rate
            if load.over(n, n / rate):
                break
            await asyncio.sleep(max(0.0, due - clock()))
            if in_flight < MOST:
                group.create_task(one(n, due))
            else:
                samples.append(Sample("not sent", clock() - due))
    return samples


async def _timed(send: Send, n: int, due: float, clock: Callable[[], float]) -> Sample:
    outcome, first = await send(n)
    return Sample(outcome, clock() - due, None if first is None else first - due)


async def _sent(client: "ClientSession", body: dict[str, Any]) -> tuple[str, float | None]:
    from aiohttp import ClientError

    try:
        async with client.post("/v1/chat/completions", json=body) as response:
            if response.status != 200:
                return await _refused(response), None
            if not body["stream"]:
                await response.read()
                return "200", None
            return await _streamed(response)
    except (ClientError, TimeoutError, ValueError) as error:  # a line may be too long
        return type(error).__name__, None


async def _refused(response: "ClientResponse") -> str:
    """The status, and in a word why."""
    with suppress(ValueError, KeyError, TypeError):
        return f"{response.status} {json_.loads(await response.read())['error']['code']}"
    return str(response.status)


async def _streamed(response: "ClientResponse") -> tuple[str, float | None]:
    """`200` if it came to its end, and when the first text was there."""
    first, ended = None, False
    async for line in response.content:
        ended |= line.startswith(b"data: [DONE]")
        if first is None and line.startswith(b"data: {") and _has_text(line):
            first = asyncio.get_running_loop().time()
    return ("200" if ended else "cut off"), first


def _has_text(line: bytes) -> bool:
    with suppress(ValueError):
        choices = json_.loads(line.removeprefix(b"data: ")).get("choices", ())
        return any(choice["delta"].get("content") for choice in choices)
    return False


def reported(samples: Sequence[Sample], elapsed: float) -> dict[str, Any]:
    """All figures: seconds of what was answered, errors by what they were."""
    good = [sample for sample in samples if sample.outcome == "200"]
    first = [sample.first for sample in good if sample.first is not None]
    return {
        "requests": len(samples),
        "answered": len(good),
        "errors": dict(Counter(s.outcome for s in samples if s.outcome != "200")),
        "elapsed_seconds": round(elapsed, 3),
        "answers_per_second": round(len(good) / elapsed, 2) if elapsed else 0.0,
        "latency_seconds": spread([sample.seconds for sample in good]),
        "first_text_seconds": spread(first),
    }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Percentiles by nearest rank; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    told = {f"p{p}": ranked[math.ceil(p / 100 * len(ranked)) - 1] for p in (50, 95, 99)}
    told |= {"mean": sum(ranked) / len(ranked), "most": ranked[-1]}
    return {name: round(value, 6) for name, value in told.items()}


def told(report: dict[str, Any]) -> Table:
    """For people, in milliseconds."""
    errors = ", ".join(f"{n} x {what}" for what, n in report["errors"].items())
    title = (
        f"{report['answered']} of {report['requests']} answered in "
        f"{report['elapsed_seconds']:.1f} s, {report['answers_per_second']:g} a second"
    )
    table = Table("milliseconds", "p50", "p95", "p99", "mean", "most", title=title)
    if errors:
        table.caption = f"failed: {errors}"
    for name, what in (("latency_seconds", "whole answer"), ("first_text_seconds", "first text")):
        if (figures := report[name]) is not None:
            table.add_row(what, *(f"{1000 * value:.1f}" for value in figures.values()))
    return table
