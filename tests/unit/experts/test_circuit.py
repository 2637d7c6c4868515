"""The circuit breaker: when it opens, when it is probed, and how long it stays open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.circuit import MOST_ASKED_FOR, Circuit, State, Tripping

RULES = Tripping()


def failing(times, circuit=None, now=0.0, jitter=1.0):
    circuit = circuit or Circuit()
    for _ in range(times):
        circuit = circuit.failed(now, jitter)
    return circuit


def test_failures_in_a_row_open_it_and_one_fewer_does_not():
    assert failing(RULES.failures - 1).state(0) is State.CLOSED
    assert failing(RULES.failures).state(0) is State.OPEN


def test_a_success_in_between_starts_the_count_again():
    circuit = failing(RULES.failures - 1).succeeded()
    assert failing(RULES.failures - 1, circuit).state(0) is State.CLOSED


def test_half_of_many_calls_open_it_without_a_row():
    circuit = Circuit()
    for _ in range(RULES.window // 2):
        assert circuit.state(0) is State.CLOSED
        circuit = circuit.succeeded().failed(0, 0)
    assert circuit.state(0) is State.OPEN


def test_one_probe_goes_when_its_time_is_over_and_its_answer_closes_it():
    circuit = failing(RULES.failures)
    assert circuit.wait(0) == RULES.pause
    assert circuit.state(RULES.pause) is State.HALF_OPEN
    assert circuit.wait(RULES.pause) == 0
    probed = circuit.asked()
    assert probed.wait(RULES.pause) > 0
    assert probed.succeeded(probe=True) == Circuit()


def test_a_probe_that_nobody_heard_of_leaves_the_floor_to_the_next():
    circuit = failing(RULES.failures).asked().abandoned()
    assert circuit.wait(RULES.pause) == 0


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest():
    circuit, now, pauses = failing(RULES.failures), 0.0, []
    for _ in range(40):
        pauses.append(circuit.wait(now))
        now = circuit.until
        circuit = circuit.asked().failed(now, 1.0, probe=True)
    assert pauses[:5] == pytest.approx([5, 10, 20, 40, 60])
    assert max(pauses) <= RULES.longest


def test_calls_from_before_it_opened_neither_close_it_nor_make_it_longer():
    circuit = failing(RULES.failures)
    assert circuit.succeeded() == circuit
    assert failing(20, circuit) == circuit


def test_a_backend_that_names_a_time_is_not_asked_before_then():
    circuit = Circuit().failed(100.0, 0.5, 30.0)
    assert (circuit.state(129.9), circuit.state(130.0)) == (State.OPEN, State.HALF_OPEN)
    assert circuit.failed(110.0, 0.5, 40.0).until == 150.0
    assert Circuit().failed(0.0, 0.5, 1e9).until == MOST_ASKED_FOR


EVENTS = st.lists(
    st.tuples(st.sampled_from(["ask", "good", "bad", "named", "left"]), st.floats(0, 30)),
    max_size=200,
)


@given(EVENTS, st.floats(0, 1))
def test_whatever_happens_it_is_probed_by_one_at_a_time_and_never_closed_for_good(events, jitter):
    """`probes` counts those who were let in while it was not closed and are not back."""
    circuit, now, probes = Circuit(), 0.0, 0
    for what, passed in events:
        now += passed
        if what == "ask" and not circuit.wait(now):
            probes += circuit.state(now) is not State.CLOSED
            circuit = circuit.asked()
        probe = bool(probes)
        match what:
            case "good":
                circuit = circuit.succeeded(probe=probe)
            case "bad":
                circuit = circuit.failed(now, jitter, probe=probe)
            case "named":
                circuit = circuit.failed(now, jitter, 3.0, probe=probe)
            case "left" if probe:
                circuit = circuit.abandoned()
        probes -= probe and what != "ask"
        assert 0 <= probes <= 1
        assert len(circuit.recent) <= RULES.window
        assert circuit.until <= now + max(RULES.longest, 3.0)
        if not probes:
            assert circuit.wait(circuit.until) == 0
