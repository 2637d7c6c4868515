import pytest

from experts.engines.generation import Request
from experts.engines.serving import Serving
from experts.engines.simulated import SimulatedEngine, Timing, VirtualClock, replay
from experts.engines.waiting import Call
from experts.types import Message

TIMING = Timing(swap=1.0, read=0.8, step=0.1, token=0.01)


def request(base="a", tokens=10, prompt=5):
    return Request(base, (Message("user", "x" * prompt),), tokens)


def engine():
    clock = VirtualClock()
    return SimulatedEngine(clock, TIMING, "a", 8), clock


def test_a_step_takes_time_for_itself_and_for_every_token():
    machine, clock = engine()
    machine.add("one", request(tokens=10), streaming=False)
    machine.add("two", request(tokens=20), streaming=False)
    [first] = machine.step()
    assert (first.request_id, first.outcome.completion_tokens) == ("one", 10)
    assert clock() == pytest.approx(10 * 0.12 + 10 * 0.01)
    [second] = machine.step()
    assert second.request_id == "two"
    assert clock() == pytest.approx(10 * 0.12 + 10 * 0.01 + 10 * 0.11)


def test_a_step_ends_where_something_comes_from_outside():
    machine, clock = engine()
    machine.add("one", request(prompt=0), streaming=False)
    clock.next_event = 0.5
    assert machine.step() == []
    assert 0.5 <= clock() < 0.5 + 0.11


def test_weights_that_were_read_ahead_are_swapped_in_sooner():
    machine, clock = engine()
    assert machine.swap("b") == 1.0
    machine.expect(["a", "c"])
    clock.sleep(0.5)
    assert machine.swap("a") == pytest.approx(0.5)
    machine.expect(["b"])
    clock.sleep(60)
    machine.expect(["c"])
    assert machine.swap("b") == 1.0
    machine.expect(["a"])
    clock.sleep(60)
    assert machine.swap("a") == pytest.approx(0.2)


def test_what_is_aborted_does_not_end():
    machine, _ = engine()
    machine.add("gone", request(tokens=1), streaming=False)
    machine.add("kept", request(tokens=1), streaming=False)
    machine.abort(["gone", "never there"])
    assert [produced.request_id for produced in machine.step()] == ["kept"]


def test_a_replay_tells_when_each_call_started_and_ended():
    machine, clock = engine()
    serving = Serving(machine, clock, max_wait=10.0)
    calls = [Call("0", "b", 5.0, {0: request("b", prompt=0)})]
    [one] = replay(serving, clock, calls)
    assert (one.started, one.wait, one.ended) == pytest.approx((6.0, 1.0, 6.0 + 10 * 0.11))


def test_a_replay_leaves_out_what_is_refused():
    machine, clock = engine()
    serving = Serving(machine, clock, max_wait=10.0, most_waiting=1)
    calls = [Call(str(number), "b", 0.0, {0: request("b")}) for number in range(3)]
    assert [one.call.id for one in replay(serving, clock, calls)] == ["0"]
