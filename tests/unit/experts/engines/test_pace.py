import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.pace import Mean, Pace

seconds = st.floats(0.001, 1000)


def test_the_first_measurement_replaces_what_was_believed():
    mean = Mean(5.0)
    mean.add(1.0)
    assert mean.value == 1.0


@given(st.lists(seconds, min_size=1, max_size=50))
def test_a_running_mean_stays_among_what_was_measured(values):
    mean = Mean(5000.0)
    for value in values:
        mean.add(value)
    assert min(values) - 1e-9 <= mean.value <= max(values) + 1e-9
    assert mean.deviation >= 0


def test_what_is_always_the_same_has_no_tail_in_the_end():
    pace = Pace()
    for _ in range(500):
        pace.reply.add(2.0)
    costs = pace.costs(8)
    assert (costs.reply, costs.tail) == pytest.approx((2.0, 2.0))
    assert costs.group(16) == pytest.approx(4.0)


def test_rates_say_how_often_each_base_is_asked_for_these_days():
    pace = Pace()
    assert pace.rates(0.0) == {}
    for second in range(2000):
        pace.arrived("a", float(second))
        if second % 4 == 0:
            pace.arrived("b", float(second))
    rates = pace.rates(2000.0)
    assert rates == pytest.approx({"a": 1.0, "b": 0.25}, rel=0.01)
    assert pace.rates(20_000.0)["a"] < 0.01


def test_rates_are_right_from_the_beginning():
    pace = Pace()
    for second in range(10):
        pace.arrived("a", float(second))
    assert pace.rates(10.0)["a"] == pytest.approx(1.0, rel=0.01)


def test_calls_at_once_are_no_stream_of_them():
    pace = Pace()
    for now in (0.0, 5e-324, 1e-9):
        pace.arrived("a", now)
        assert 1.0 <= pace.rates(now)["a"] <= 3.0
