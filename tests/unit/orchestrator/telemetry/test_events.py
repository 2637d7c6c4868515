import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.types import Usage
from orchestrator.telemetry import Call
from orchestrator.telemetry.events import covered
from tests.finished import ADA, finished

seconds = st.integers(0, 30)
intervals = st.lists(st.tuples(seconds, seconds).map(sorted).map(tuple), max_size=8)


@given(intervals)
def test_what_is_covered_is_counted_once(given_intervals):
    each_second = {s for begin, end in given_intervals for s in range(begin, end)}
    assert covered(given_intervals) == len(each_second)


def test_overhead_is_the_time_in_which_nobody_was_asked():
    assert finished().overhead == pytest.approx(2.5 - 2.0)
    assert finished(calls=()).overhead == 2.5


def test_a_call_that_outlasts_the_deliberation_makes_no_negative_overhead():
    assert finished(seconds=1.0).overhead == 0.0


def test_a_call_is_queued_until_its_expert_is_at_work():
    assert ADA.queued == pytest.approx(0.25)
    assert Call("ada", "panel", 0.0, 1.0, 1.5, "answered", Usage()).queued == 0.0
