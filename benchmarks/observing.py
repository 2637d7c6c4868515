"""What being observed costs a deliberation: `python -m benchmarks.observing`.

Three experts that answer at once are asked by one policy, over and over; who observes takes turns,
so that a busy machine slows all of them down alike.
"""

import asyncio
import logging
import statistics
from collections.abc import Callable
from time import perf_counter

import typer
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from api.logs import InRequest, Json
from api.telemetry.lines import told
from api.telemetry.metrics import Metrics
from api.telemetry.spans import Spans
from experts.scripted import ScriptedExpert
from experts.types import Prompt
from orchestrator.panel import Panel
from orchestrator.policies import POLICIES
from orchestrator.service import Service
from orchestrator.telemetry import DeliberationFinished, Observer, unobserved
from orchestrator.types import Request
from routing.evidence import Evidence
from routing.router import Router
from routing.types import Needs, Question

ROUNDS, QUESTIONS = 15, 200
EXPERTS = ("ada", "bob", "eve")
ASKED = Request(Prompt.of("What is 6 x 7?"), "vote")


class NoSkills:
    """Routing without an encoder: what remains is the service's own time."""

    async def needs(self, questions: list[Question]) -> list[Needs]:
        return [Needs({}) for _ in questions]


class Nowhere(SpanExporter):
    """Drops what it is given."""

    def export(self, spans: object) -> SpanExportResult:
        return SpanExportResult.SUCCESS


class Dropped(logging.StreamHandler):
    """Formats a line and writes it nowhere."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def service(observer: Observer) -> Service:
    panel = {name: ScriptedExpert(name, default="It is 42.") for name in EXPERTS}
    router = Router(EXPERTS, NoSkills(), Evidence.none(EXPERTS))
    return Service(Panel(panel), router, observer=observer)


def observers() -> dict[str, Observer]:
    handler = Dropped()
    handler.addFilter(InRequest())
    handler.setFormatter(Json())
    lines = logging.getLogger("api.telemetry.lines")
    lines.setLevel(logging.INFO)
    lines.propagate = False
    lines.addHandler(handler)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere(), max_queue_size=100_000))
    return {
        "nobody": unobserved,
        "metrics": Metrics([*EXPERTS, *POLICIES]),
        "JSON log line": told,
        "traces": Spans(provider.get_tracer("convene")),
    }


async def per_question(asked: Service) -> float:
    """Microseconds."""
    started = perf_counter()
    for _ in range(QUESTIONS):
        await asked.answer(ASKED)
    return (perf_counter() - started) / QUESTIONS * 1e6


def alone(observer: Observer, event: DeliberationFinished) -> float:
    """Microseconds of one call of the observer, without the deliberation around it."""
    started = perf_counter()
    for _ in range(QUESTIONS):
        observer(event)
    return (perf_counter() - started) / QUESTIONS * 1e6


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(ROUNDS))


async def main() -> None:
    everybody = observers()
    events: list[DeliberationFinished] = []
    await service(events.append).answer(ASKED)
    services = {name: service(observer) for name, observer in everybody.items()}
    times: dict[str, list[float]] = {name: [] for name in services}
    for _ in range(ROUNDS):
        for name, one in services.items():
            times[name].append(await per_question(one))
    typer.echo(f"{'observed by':16}{'us a question':>14}{'us an event':>14}")
    for name, observer in everybody.items():
        event = median(lambda observer=observer: alone(observer, events[0]))
        typer.echo(f"{name:16}{statistics.median(times[name]):14.0f}{event:14.1f}")


if __name__ == "__main__":
    asyncio.run(main())
