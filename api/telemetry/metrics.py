"""Counts what happens, for Prometheus. One registry per app, none that is global.

Labels take few values: names from the registry file, words of our own, HTTP's statuses. What a
client sends is never one; a name that is not known here counts as `other`.
"""

from collections.abc import Collection
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from api.telemetry.requests import RequestFinished, RequestStarted
from orchestrator.telemetry import Call, DeliberationFinished

OTHER = "other"
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
SHORT = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)  # seconds
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
CALLS = (1, 2, 3, 4, 5, 6, 8, 12, 16)


class Metrics:
    """An observer. `names` are those of policies and experts."""

    def __init__(self, names: Collection[str] = ()) -> None:
        # Or every series has a second one, which says when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._names = frozenset((*names, "pinned"))
        ProcessCollector(registry=self.registry)
        self._requests = HttpMetrics(self.registry)
        self._deliberations = DeliberationMetrics(self.registry)
        self._calls = CallMetrics(self.registry)

    def __call__(self, event: Any, /) -> None:
        match event:
            case RequestStarted():
                self._requests.inside.inc()
            case RequestFinished():
                self._requests.finished(event)
            case DeliberationFinished():
                self._deliberations.finished(event, self._known(event.policy))
                for call in event.calls:
                    self._calls.finished(call, self._known(call.expert), event.mode)

    def _known(self, name: str) -> str:
        return name if name in self._names else OTHER


class HttpMetrics:
    """Of every request, whatever it asks for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.inside = Gauge(
            "convene_http_requests_in_flight",
            "Requests that are being answered.",
            registry=registry,
        )
        self._ended = Counter(
            "convene_http_requests",
            "Requests answered, by route and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "convene_http_request_seconds",
            "From a request's head to the last byte of its response.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )

    def finished(self, event: RequestFinished) -> None:
        self.inside.dec()
        method = event.method if event.method in METHODS else OTHER
        route = event.route or OTHER
        self._ended.labels(method, route, str(event.status or "none")).inc()
        self._seconds.labels(route).observe(event.seconds)


class DeliberationMetrics:
    """Of every question."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, says: str, buckets: Collection[float], *labels: str) -> Histogram:
            return Histogram(
                f"convene_{name}", says, labels, buckets=tuple(buckets), registry=registry
            )

        self._ended = Counter(
            "convene_deliberations",
            "Questions done with, by how they ended.",
            ("policy", "mode", "outcome"),
            registry=registry,
        )
        self._seconds = histogram(
            "deliberation_seconds", "From question to verdict.", SECONDS, "policy", "mode"
        )
        self._overhead = histogram(
            "overhead_seconds", "Of a question, while no expert was being asked.", SHORT, "policy"
        )
        self._routing = histogram("routing_seconds", "To find whom to ask.", SHORT, "policy")
        self._first = histogram(
            "time_to_first_token_seconds", "Until a stream has text to show.", SECONDS, "policy"
        )
        self._asked = histogram("calls_per_deliberation", "Calls of one verdict.", CALLS, "policy")
        self._agreement = histogram(
            "agreement", "Share of replies that give the verdict's answer.", SHARES, "policy"
        )
        self._confidence = histogram(
            "confidence", "Belief that the verdict is right.", SHARES, "policy"
        )

    def finished(self, event: DeliberationFinished, policy: str) -> None:
        self._ended.labels(policy, event.mode, event.outcome).inc()
        if event.outcome != "answered":
            return
        self._seconds.labels(policy, event.mode).observe(event.seconds)
        self._asked.labels(policy).observe(len(event.calls))
        if event.mode != "batch":  # whose questions are routed together and stand in line
            self._overhead.labels(policy).observe(event.overhead)
            self._routing.labels(policy).observe(event.routing)
        for metric, value in (
            (self._first, event.first_text),
            (self._agreement, event.agreement),
            (self._confidence, event.confidence),
        ):
            if value is not None:
                metric.labels(policy).observe(value)


class CallMetrics:
    """Of every call to an expert."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "convene_calls",
            "Calls to experts, by how they ended.",
            ("expert", "role", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "convene_call_seconds",
            "From a call to its reply.",
            ("expert",),
            buckets=SECONDS,
            registry=registry,
        )
        self._queued = Histogram(
            "convene_call_queue_seconds",
            "Of a call, before the expert was at work on it.",
            ("mode",),
            buckets=SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "convene_tokens",
            "Tokens that experts read (prompt) and wrote (completion).",
            ("expert", "kind"),
            registry=registry,
        )
        self._dollars = Counter(
            "convene_cost_dollars",
            "What calls cost, where the price is known.",
            ("expert",),
            registry=registry,
        )

    def finished(self, call: Call, expert: str, mode: str) -> None:
        self._ended.labels(expert, call.role, call.outcome).inc()
        if call.outcome != "answered":
            return
        self._seconds.labels(expert).observe(call.seconds)
        self._queued.labels(mode).observe(call.queued)
        self._tokens.labels(expert, "prompt").inc(call.usage.prompt_tokens)
        self._tokens.labels(expert, "completion").inc(call.usage.completion_tokens)
        if call.usage.cost_usd is not None:
            self._dollars.labels(expert).inc(call.usage.cost_usd)
