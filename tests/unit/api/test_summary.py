from dataclasses import replace

from api.summary import summary
from experts.types import Usage
from orchestrator.types import Timings
from tests.unit.api.scripted import verdict


def test_overhead_is_what_was_not_spent_waiting_for_experts():
    waited = replace(verdict(), timings=Timings(route=0.01, panel=0.6, aggregate=0.3))
    assert summary(waited, 1.0)["x-convene-overhead-ms"] == "100.0"


def test_dollars_are_told_where_they_are_known():
    assert "x-convene-cost-usd" not in summary(verdict(), 1.0)
    paid = replace(verdict(), usage=Usage(20, 7, 0.00000725))
    assert summary(paid, 1.0)["x-convene-cost-usd"] == "0.00000725"
