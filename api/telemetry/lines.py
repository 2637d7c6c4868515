"""A log line for each question that is done with: who was asked and how it went, never what."""

import logging
from typing import Any

from orchestrator.telemetry import DeliberationFinished

logger = logging.getLogger(__name__)


def told(event: Any, /) -> None:
    """An observer. The questions of a batch are many, and told at the level of debugging."""
    if not isinstance(event, DeliberationFinished):
        return
    level = logging.DEBUG if event.mode == "batch" else logging.INFO
    if not logger.isEnabledFor(level):
        return
    asked = ",".join(call.expert for call in event.calls)
    logger.log(
        level,
        "%s by %s, asked %s",
        event.outcome,
        event.policy,
        asked or "nobody",
        extra={
            "action": "deliberation_finished",
            "policy": event.policy,
            "mode": event.mode,
            "outcome": event.outcome,
            "seconds": round(event.seconds, 4),
            "overhead_seconds": round(event.overhead, 4),
            "experts": asked,
            "causes": ",".join(c.outcome for c in event.calls if c.outcome != "answered"),
            "author": event.author,
            "confidence": event.confidence,
            "agreement": event.agreement,
            "prompt_tokens": event.usage.prompt_tokens,
            "completion_tokens": event.usage.completion_tokens,
            "cost_usd": event.usage.cost_usd,
        },
    )
