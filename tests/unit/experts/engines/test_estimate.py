import random
import statistics

import pytest

from experts.engines.estimate import estimate
from experts.engines.generation import Request
from experts.engines.pace import Mean, Pace
from experts.engines.scene import Costs
from experts.engines.serving import Serving
from experts.engines.simulated import SimulatedEngine, Timing, VirtualClock, replay
from experts.engines.waiting import Call
from experts.types import Message
from tests.unit.experts.engines.test_switching import people, scene

COSTS = Costs(swap=1.0, reply=2.0, tail=3.0, batch=4)


def test_the_resident_base_has_a_free_place_at_once():
    assert estimate(scene({}, costs=COSTS, running=3), "a") == 0.0


def test_a_full_engine_is_waited_for_in_proportion_to_who_is_before():
    assert estimate(scene({}, costs=COSTS, running=4), "a") == pytest.approx(0.5)
    waiting = scene({"a": people(99, 7)}, costs=COSTS, running=4)
    assert estimate(waiting, "a") == pytest.approx(4.0)


def test_another_base_waits_until_the_engine_has_drained_and_swapped():
    assert estimate(scene({}, costs=COSTS, running=0), "b") == 1.0
    assert estimate(scene({}, costs=COSTS, running=2), "b") == 3.0


def test_those_who_waited_before_are_served_before():
    before = scene({"b": people(90), "c": people(90, 8)}, costs=COSTS, running=0)
    assert estimate(before, "d") == pytest.approx((1 + 3) + (1 + 6) + 1)


def test_whoever_joins_a_waiting_base_waits_as_it_does():
    waiting = scene({"b": people(90), "c": people(95)}, costs=COSTS, running=0)
    assert estimate(waiting, "b") == 1.0


def test_the_resident_base_that_is_left_is_come_back_to_after_everybody():
    late = scene({"a": people(99), "b": people(70)}, costs=COSTS)
    assert estimate(late, "a") == pytest.approx(2 + (1 + 3) + 1)


def test_estimates_are_about_right_over_a_day_of_requests():
    rng, clock, when = random.Random(3), VirtualClock(), 0.0
    engine = SimulatedEngine(clock, Timing(swap=1.0, step=0.02), "a", 32)
    pace = Pace(Mean(1.0, measured=True), Mean(2.0, measured=True))
    serving = Told(engine, clock, max_wait=30.0, pace=pace)
    calls = []
    for number in range(500):
        when += rng.expovariate(0.25)
        base = rng.choice("aabcd")
        request = Request(base, (Message("user", ""),), 100)
        calls.append(Call(str(number), base, when, {0: request}))
    done = replay(serving, clock, calls)
    errors = [abs(one.wait - serving.told[one.call.id]) for one in done]
    assert statistics.median(errors) < 0.5 * statistics.mean(one.wait for one in done)


class Told(Serving):
    """Remembers what each call could have been told when it came."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.told = {}

    def submit(self, call):
        self.told[call.id] = self.estimate(call.base)
        return super().submit(call)
