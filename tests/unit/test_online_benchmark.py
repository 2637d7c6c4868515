"""The benchmark of engines that are shared, on simulated ones: what it promises, it shows."""

import pytest

from benchmarks.online import AHEAD, MACHINES, OURS, simulated
from benchmarks.traffic import BASES, LOADS, arrivals


@pytest.fixture(scope="module", params=MACHINES)
def table(request):
    return simulated(MACHINES[request.param], rounds=1, count=800)


@pytest.mark.parametrize("load", ["low", "medium", "near saturation"])
def test_ours_has_fewer_swaps_and_shorter_waits_than_the_others(table, load):
    rows = table[load]
    for other in ("in order", "drained"):
        assert rows[AHEAD]["swaps"] < rows[other]["swaps"]
        assert rows[AHEAD]["p95 wait, s"] < rows[other]["p95 wait, s"]


@pytest.mark.parametrize("load", ["low", "medium", "near saturation"])
@pytest.mark.parametrize("policy", [OURS, AHEAD])
def test_no_wait_is_above_the_bound(table, load, policy):
    assert table[load][policy]["longest wait, s"] <= table[load][policy]["bound, s"]


def test_every_policy_serves_every_request(table):
    assert {row["requests"] for rows in table.values() for row in rows.values()} == {800}
    assert list(table) == list(LOADS)


def test_arrivals_come_in_order_and_want_some_bases_more_than_others():
    trace = arrivals(2.0, 4000, seed=1)
    moments = [when for when, _ in trace]
    assert moments == sorted(moments)
    assert 4000 / moments[-1] == pytest.approx(2.0, rel=0.1)
    wanted = [sum(base == each for _, base in trace) for each in BASES]
    assert wanted == sorted(wanted, reverse=True)
    assert arrivals(2.0, 4000, seed=1) == trace
