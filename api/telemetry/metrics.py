"""Counts what happens, for Prometheus. One registry per app, none that is global.

Labels take few values: names from the registry file, words of our own, HTTP's statuses. What a
client sends is never one; a name that is not known here counts as `other`.
"""

from collections.abc import Collection, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from api.telemetry.kept import Recalled
from api.telemetry.reloads import Reloaded
from api.telemetry.requests import RequestFinished, RequestStarted
from api.telemetry.series import Counters, Histograms
from orchestrator.telemetry import Call, DeliberationFinished

OTHER = "other"
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
SHORT = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)  # seconds
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
CALLS = (1, 2, 3, 4, 5, 6, 8, 12, 16)


class Maker:
    """Makes metrics of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, says: str, *labels: str) -> Counters:
        made = Counters(f"convene_{name}", says, labels)
        self._registry.register(made)
        return made

    def gauge(self, name: str, says: str) -> Gauge:
        return Gauge(f"convene_{name}", says, registry=self._registry)

    def histogram(self, name: str, says: str, bounds: Sequence[float], *labels: str) -> Histograms:
        made = Histograms(f"convene_{name}", says, labels, bounds)
        self._registry.register(made)
        return made


class Metrics:
    """An observer. `names` are those of policies and experts."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._names = frozenset((*names, "pinned"))
        ProcessCollector(registry=self.registry)
        make = Maker(self.registry)
        self.tasks = make.gauge("tasks", "Tasks of the event loop, the scrape's own among them.")
        self._requests = HttpMetrics(make)
        self._deliberations = DeliberationMetrics(make)
        self._calls = CallMetrics(make)
        self._recalled = make.counter("kept_answers", "Answers that were kept and given again.")
        self._reloads = make.counter("reloads", "Changes to the experts, as they ended.", "outcome")

    def __call__(self, event: Any, /) -> None:
        match event:
            case RequestStarted():
                self._requests.started()
            case RequestFinished():
                self._requests.finished(event)
            case DeliberationFinished():
                self._deliberations.finished(event, self._known(event.policy))
                for expert in event.replaced:
                    self._calls.replaced(self._known(expert))
                for call in event.calls:
                    self._calls.finished(call, self._known(call.expert), event.mode)
            case Recalled():
                self._recalled.of().inc()
            case Reloaded():
                self._names |= {*event.experts}
                self._reloads.of(event.outcome).inc()

    def _known(self, name: str) -> str:
        return name if name in self._names else OTHER


class HttpMetrics:
    """Of every request, whatever it asks for."""

    def __init__(self, make: Maker) -> None:
        self._inside = 0
        inside = make.gauge("http_requests_in_flight", "Requests that are being answered.")
        inside.set_function(lambda: self._inside)
        self._ended = make.counter(
            "http_requests", "Requests answered.", "method", "route", "status"
        )
        self._seconds = make.histogram(
            "http_request_seconds",
            "From a request's head to the last byte of its response.",
            SECONDS,
            "route",
        )

    def started(self) -> None:
        self._inside += 1

    def finished(self, event: RequestFinished) -> None:
        self._inside -= 1
        method = event.method if event.method in METHODS else OTHER
        route = event.route or OTHER
        self._ended.of(method, route, str(event.status or "none")).inc()
        self._seconds.of(route).observe(event.seconds)


class DeliberationMetrics:
    """Of every question."""

    def __init__(self, make: Maker) -> None:
        self._ended = make.counter(
            "deliberations",
            "Questions done with, by how they ended.",
            *("policy", "mode", "outcome"),
        )
        self._seconds = make.histogram(
            "deliberation_seconds", "From question to verdict.", SECONDS, "policy", "mode"
        )
        self._overhead = make.histogram(
            "overhead_seconds", "Of a question, while no expert was being asked.", SHORT, "policy"
        )
        self._routing = make.histogram("routing_seconds", "To find whom to ask.", SHORT, "policy")
        self._first = make.histogram(
            "time_to_first_token_seconds", "Until a stream has text to show.", SECONDS, "policy"
        )
        self._asked = make.histogram(
            "calls_per_deliberation", "Calls of one verdict.", CALLS, "policy"
        )
        self._agreement = make.histogram(
            "agreement", "Share of replies that give the verdict's answer.", SHARES, "policy"
        )
        self._confidence = make.histogram(
            "confidence", "Belief that the verdict is right.", SHARES, "policy"
        )

    def finished(self, event: DeliberationFinished, policy: str) -> None:
        self._ended.of(policy, event.mode, event.outcome).inc()
        if event.outcome != "answered":
            return
        self._seconds.of(policy, event.mode).observe(event.seconds)
        self._asked.of(policy).observe(len(event.calls))
        if event.mode != "batch":  # whose questions are routed together and stand in line
            self._overhead.of(policy).observe(event.overhead)
            self._routing.of(policy).observe(event.routing)
        for metric, value in (
            (self._first, event.first_text),
            (self._agreement, event.agreement),
            (self._confidence, event.confidence),
        ):
            if value is not None:
                metric.of(policy).observe(value)


class CallMetrics:
    """Of every call to an expert."""

    def __init__(self, make: Maker) -> None:
        self._ended = make.counter(
            "calls", "Calls to experts, by how they ended.", "expert", "role", "outcome"
        )
        self._seconds = make.histogram(
            "call_seconds", "From a call to its reply.", SECONDS, "expert"
        )
        self._queued = make.histogram(
            "call_queue_seconds",
            "Of a call, before the expert was at work on it.",
            SECONDS,
            "mode",
        )
        self._tokens = make.counter(
            "tokens", "Tokens that experts read (prompt) and wrote (completion).", "expert", "kind"
        )
        self._fallbacks = make.counter(
            "fallbacks", "Times that somebody else was asked, as it failed.", "expert"
        )
        self._hedges = make.counter(
            "hedges", "Calls that were made a second time, the first being slow.", "expert"
        )
        self._dollars = make.counter(
            "cost_dollars", "What calls cost, where the price is known.", "expert"
        )

    def replaced(self, expert: str) -> None:
        self._fallbacks.of(expert).inc()

    def finished(self, call: Call, expert: str, mode: str) -> None:
        self._ended.of(expert, call.role, call.outcome).inc()
        if call.outcome != "answered":
            return
        self._seconds.of(expert).observe(call.seconds)
        self._queued.of(mode).observe(call.queued)
        if call.usage.untold:
            self._hedges.of(expert).inc(call.usage.untold)
        self._tokens.of(expert, "prompt").inc(call.usage.prompt_tokens)
        self._tokens.of(expert, "completion").inc(call.usage.completion_tokens)
        if call.usage.cost_usd is not None:
            self._dollars.of(expert).inc(call.usage.cost_usd)
