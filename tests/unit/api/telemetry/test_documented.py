"""The page on observability lists what there is."""

import re
from pathlib import Path

from prometheus_client.metrics_core import Metric

from api.telemetry.circuits import CircuitCollector
from api.telemetry.engines import EngineCollector
from api.telemetry.metrics import Metrics

PAGE = Path(__file__).parents[4] / "docs" / "observability.md"
ROW = re.compile(r"^\| `(convene_\w+)` \| (\w+) \|", re.MULTILINE)


def listed(metric: Metric) -> tuple[str, str]:
    return metric.name + ("_total" if metric.type == "counter" else ""), metric.type


def test_every_metric_is_documented_with_its_type_and_no_other():
    metrics = [
        *Metrics().registry.collect(),
        *EngineCollector([]).collect(),
        *CircuitCollector({}).collect(),
    ]
    ours = {listed(metric) for metric in metrics if metric.name.startswith("convene_")}
    assert set(ROW.findall(PAGE.read_text(encoding="utf-8"))) == ours
