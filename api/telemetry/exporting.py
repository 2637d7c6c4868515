"""Sends traces to an OTLP endpoint that the environment names; without one loads no exporter."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from experts.cards import Card
from orchestrator.telemetry import Observer

logger = logging.getLogger(__name__)
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"


@contextmanager
def exporting(cards: Mapping[str, Card], environ: Mapping[str, str]) -> Iterator[list[Observer]]:
    """The observers that send traces: one or none. Leaving sends what is still held.

    OpenTelemetry reads its other variables itself, such as headers, sampler and resource.
    """
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    endpoint = next((environ[name] for name in ENDPOINTS if environ.get(name)), None)
    if disabled or endpoint is None:
        yield []
        return
    asked = next((environ[name] for name in PROTOCOLS if environ.get(name)), SPOKEN)
    if asked != SPOKEN:
        logger.warning(
            "traces go out as %s, whatever OTEL_EXPORTER_OTLP_PROTOCOL says; name an endpoint "
            "that takes it, usually port 4318",
            SPOKEN,
            extra={"action": "other_protocol"},
        )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from api.telemetry.spans import Served, Spans

    named = {"service.name": environ.get("OTEL_SERVICE_NAME") or "convene"}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    models = {name: Served(_model(name, card), card.kind) for name, card in cards.items()}
    try:
        yield [Spans(provider.get_tracer("convene"), models)]
    finally:
        provider.shutdown()


def _model(name: str, card: Card) -> str:
    """A model's name; a folder's last part, for where it lies is nobody's business."""
    model: str = getattr(card, "model", name)
    return Path(model).name if model.startswith("/") else model
