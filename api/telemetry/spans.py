"""Tells deliberations as OpenTelemetry traces, in the words of its GenAI conventions.

Spans are made when a deliberation is over, from the times its event carries: nothing is held open
while experts work, and no span has a prompt or a reply to hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.access import PARENT, REQUEST
from orchestrator.telemetry import Call, DeliberationFinished

Attributes = dict[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Served:
    """Which model an expert is, and by whom it is served."""

    model: str
    provider: str


class Spans:
    """An observer. `models` says what is known of experts, by name."""

    def __init__(self, tracer: Tracer, models: Mapping[str, Served] | None = None) -> None:
        self._tracer = tracer
        self._models = dict(models or {})

    def __call__(self, event: Any, /) -> None:
        if isinstance(event, DeliberationFinished):
            self._deliberation(event)

    def _deliberation(self, event: DeliberationFinished) -> None:
        clock = _Clock(event.began)
        root = self._tracer.start_span(
            f"invoke_workflow {event.policy}",
            context=_parent(),
            kind=SpanKind.INTERNAL,
            attributes=_of_deliberation(event),
            start_time=clock.at(0),
        )
        if root.is_recording():  # sampled
            inside = set_span_in_context(root)
            if event.routing:
                route = self._tracer.start_span("route", inside, start_time=clock.at(0))
                route.end(clock.at(event.routing))
            for call in event.calls:
                self._call(call, inside, clock)
        _failed_unless_answered(root, event.outcome)
        root.end(clock.at(event.seconds))

    def _call(self, call: Call, inside: Context, clock: "_Clock") -> None:
        served = self._models.get(call.expert, Served(call.expert, "convene"))
        span = self._tracer.start_span(
            f"chat {served.model}",
            inside,
            SpanKind.CLIENT,
            _of_call(call, served),
            start_time=clock.at(call.began),
        )
        _failed_unless_answered(span, call.outcome)
        span.end(clock.at(call.ended))


@dataclass(frozen=True, slots=True)
class _Clock:
    began: float  # seconds since the epoch

    def at(self, seconds: float) -> int:
        """Nanoseconds since the epoch."""
        return int((self.began + seconds) * 1e9)


def _parent() -> Context:
    """The caller's span, if its request named one; a trace of our own if not."""
    carrier = {"traceparent": PARENT.get()}
    return TraceContextTextMapPropagator().extract(carrier, context=Context())


def _of_deliberation(event: DeliberationFinished) -> Attributes:
    return _known(
        {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.agent.name": event.policy,
            "gen_ai.usage.input_tokens": event.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": event.usage.completion_tokens,
            "gen_ai.response.time_to_first_chunk": event.first_text,
            "convene.request": REQUEST.get(),
            "convene.mode": event.mode,
            "convene.calls": len(event.calls),
            "convene.author": event.author,
            "convene.aggregator": event.aggregator,
            "convene.confidence": event.confidence,
            "convene.agreement": event.agreement,
            "convene.cost_usd": event.usage.cost_usd,
            "convene.overhead_seconds": event.overhead,
        }
    )


def _of_call(call: Call, served: Served) -> Attributes:
    return _known(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": served.provider,
            "gen_ai.request.model": served.model,
            "gen_ai.usage.input_tokens": call.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": call.usage.completion_tokens,
            "convene.expert": call.expert,
            "convene.role": call.role,
            "convene.queue_seconds": call.queued,
            "convene.cost_usd": call.usage.cost_usd,
        }
    )


def _known(values: Mapping[str, str | float | None]) -> Attributes:
    return {name: value for name, value in values.items() if value is not None}


def _failed_unless_answered(span: Span, outcome: str) -> None:
    if outcome != "answered":
        span.set_attribute("error.type", outcome)
        span.set_status(Status(StatusCode.ERROR))
