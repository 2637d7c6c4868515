import itertools

import pytest

from experts.engines.costs import Ran, Replied, Slept, Swapped, Woke
from experts.engines.engine import Produced, SwapFailed
from experts.engines.generation import Piece
from experts.engines.loading import Swap
from experts.engines.measuring import Measuring
from experts.engines.serving import Serving
from experts.engines.waiting import Call
from experts.engines.workday import Workday
from tests.engines import family, request

numbers = itertools.count()


class ToyEngine:
    """Replies at once. Each swap is said to take `swap` seconds."""

    batch, start_seconds, held = 4, 3.0, frozenset({"b", "a"})

    def __init__(self, swap=0.0):
        self.family, self.resident, self.swap_seconds = family("f", "a", "b"), "a", swap
        self.steps = self.tokens = 0
        self.waiting, self.done, self.asleep = [], [], None

    def add(self, request_id, request, *, streaming):
        self.waiting.append(request_id)

    def step(self):
        self.steps += 1
        self.tokens += 7 * len(self.waiting)
        produced = [Produced(id_, Piece("So.", 5, 2, "stop")) for id_ in self.waiting]
        self.waiting = []
        return produced

    def abort(self, request_ids):
        self.waiting = [id_ for id_ in self.waiting if id_ not in set(request_ids)]

    def expect(self, bases):
        pass

    def ready(self, base):
        return True

    def swap(self, base):
        if base == "broken":
            raise SwapFailed("no such weights")
        self.resident = base
        self.done.append(Swap(base, "held", 100, self.swap_seconds))
        return self.swap_seconds

    def swapped(self):
        done, self.done = self.done, []
        return done

    def sleep(self, level):
        self.asleep = level

    def wake(self, base):
        self.asleep = None
        if base != self.resident:
            self.swap(base)


def workday(swap=0.0):
    engine, clock = ToyEngine(swap), itertools.count()
    serving = Serving(engine, lambda: float(next(clock)), max_wait=1.0)
    return Workday(engine, serving, Measuring()), engine


def submit(day, base, prompts=1):
    call = Call(f"call {next(numbers)}", base, 0.0, dict(enumerate([request(base)] * prompts)))
    day.serving.submit(call)
    return call


def turns(day):
    delivered = []
    while not day.serving.idle:
        delivered += day.turn()
    return delivered


def told(day, kind):
    return [each for each in day.learned().happened if isinstance(each, kind)]


def test_what_was_asked_is_delivered_and_measured():
    day, _ = workday()
    call = submit(day, "a", 3)
    assert [(d.call_id, d.outcome.text) for d in turns(day)] == [(call.id, "So.")] * 3
    happened = day.learned().happened
    assert [(each.steps, each.tokens) for each in happened if isinstance(each, Ran)] == [(1, 21)]
    assert [each for each in happened if isinstance(each, Replied)] == [Replied("a", 3, 15, 6)]


def test_a_swap_is_measured_by_itself():
    day, _ = workday(swap=0.25)
    submit(day, "b")
    turns(day)
    happened = day.learned().happened
    assert [each for each in happened if isinstance(each, Swapped)] == [Swapped(100, 0.25)]
    assert all(each.seconds < 0.25 for each in happened if isinstance(each, Ran))


def test_a_swap_that_fails_is_no_measurement():
    day, _ = workday()
    submit(day, "broken")
    [delivery] = turns(day)
    assert "no such weights" in delivery.outcome.message
    assert told(day, (Swapped, Ran)) == []


def test_a_cancelled_call_is_forgotten():
    day, engine = workday()
    call = submit(day, "a", 3)
    assert day.cancelled(call.id) == ()
    assert day.serving.idle
    assert engine.waiting == []


def test_sleeping_and_waking_are_measured_without_the_weights_that_follow():
    day, engine = workday(swap=1_000.0)
    day.sleep(2)
    assert engine.asleep == 2
    assert day.wake("b").resident == "b"
    happened = day.learned().happened
    assert [type(each) for each in happened] == [Slept, Swapped, Woke]
    assert 0 < happened[2].seconds < 1.0


def test_what_is_learned_comes_with_how_long_one_would_wait():
    day, _ = workday()
    submit(day, "b")
    assert set(day.learned().estimates) == {"a", "b"}


def test_the_status_says_what_the_engine_is_doing():
    day, _ = workday()
    submit(day, "b", 3)
    before = day.status()
    assert (before.family, before.resident, before.waiting) == ("f", "a", {"b": 3})
    assert (before.held, before.start_seconds) == (("a", "b"), 3.0)
    turns(day)
    after = day.status()
    assert (after.resident, after.waiting, after.swaps) == ("b", {}, 1)
    assert (after.prompt_tokens, after.completion_tokens) == (15, 6)
    assert after.busy_seconds > 0


@pytest.mark.parametrize(
    ("error", "beyond"), [(SwapFailed("x"), False), (ValueError("x"), True)], ids=["swap", "bug"]
)
def test_only_a_failed_swap_leaves_the_engine_usable(error, beyond):
    assert Workday.beyond_use(error) is beyond
