"""Everybody who observes one service: metrics and log lines always, others as asked for."""

import logging
from collections.abc import Sequence
from typing import Any

from api.telemetry.lines import told
from api.telemetry.metrics import Metrics
from orchestrator.telemetry import Observer

logger = logging.getLogger(__name__)


class Observers:
    """Tells each of them every event. One that breaks is logged and costs nobody an answer."""

    def __init__(self, metrics: Metrics | None = None, more: Sequence[Observer] = ()) -> None:
        self.metrics = metrics or Metrics()
        self._all: tuple[Observer, ...] = (self.metrics, told, *more)

    def __call__(self, event: Any, /) -> None:
        for observer in self._all:
            try:
                observer(event)
            except Exception:
                logger.exception("an observer failed", extra={"action": "observer_failed"})
