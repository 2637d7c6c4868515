from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.engine import Produced, SwapFailed
from experts.engines.generation import Piece, Refusal, Request
from experts.engines.pace import Mean, Pace
from experts.engines.serving import BROKEN_SECONDS, Serving
from experts.engines.waiting import Call
from experts.types import Cause, Message, Priority


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class ToyEngine:
    """Gives each request a token a step; its reply says which weights it was made with."""

    batch = 4

    def __init__(self, clock, broken=()):
        self.resident, self._clock, self._broken = "a", clock, broken
        self.left = {}
        self.expected = []
        self.unread = set()

    def add(self, request_id, request, *, streaming):
        assert request.base == self.resident
        if request.max_tokens > 100:
            return Refusal(Cause.REJECTED, "too long")
        self.left[request_id] = request.max_tokens
        return None

    def step(self):
        self._clock.now += 1.0
        produced = []
        for id_ in list(self.left):
            self.left[id_] -= 1
            if not self.left[id_]:
                del self.left[id_]
                produced.append(Produced(id_, Piece(self.resident, 1, 1, "stop")))
        return produced

    def abort(self, request_ids):
        for id_ in request_ids:
            self.left.pop(id_, None)

    def swap(self, base):
        assert not self.left, "only when drained"
        if base in self._broken:
            raise SwapFailed(f"cannot load {base}")
        self.resident = base
        return 0.5

    def expect(self, bases):
        self.expected.append(tuple(bases))

    def ready(self, base):
        return base not in self.unread


def serving(max_wait=3.0, broken=(), most_waiting=1000):
    clock = Clock()
    engine = ToyEngine(clock, broken)
    pace = Pace(Mean(0.5), Mean(2.0))
    desk = Serving(engine, clock, max_wait=max_wait, pace=pace, most_waiting=most_waiting)
    return desk, clock, engine


numbers = count()


def call(base, tokens, arrived=0.0, priority=Priority.INTERACTIVE):
    requests = [Request(base, (Message("user", ""),), n) for n in tokens]
    name = f"call-{next(numbers)}"
    return Call(name, base, arrived, dict(enumerate(requests)), priority=priority)


def finished(desk):
    delivered = []
    while not desk.idle:
        delivered += desk.turn()
        desk._clock.now += desk.rest() or 0.0
    return delivered


def test_a_call_of_mixed_fates_is_answered_prompt_by_prompt():
    desk, _, _ = serving()
    desk.submit(call("a", [1, 999, 2]))
    outcomes = {d.place: d.outcome for d in finished(desk)}
    assert isinstance(outcomes[1], Refusal)
    assert [outcomes[0].text, outcomes[2].text] == ["a", "a"]
    assert [outcomes[0].seconds, outcomes[2].seconds] == [1.0, 2.0]


def test_another_base_is_served_after_the_engine_has_drained():
    desk, _, _ = serving()
    desk.submit(call("a", [5]))
    desk.turn()
    desk.submit(call("b", [1]))
    assert [d.outcome.text for d in finished(desk)] == ["a", "b"]
    assert (desk.swaps, desk.swap_seconds) == (1, 0.5)


def test_a_request_that_would_be_late_stops_the_admission_of_newer_ones():
    desk, clock, _ = serving(max_wait=30.0)
    other = call("b", [1], arrived=1.0)
    delivered = []
    while not any(d.call_id == other.id for d in delivered):
        desk.submit(call("a", [4], arrived=clock.now))
        if clock.now == 1.0:
            desk.submit(other)
        delivered += desk.turn()
    started = clock.now - delivered[-1].outcome.seconds
    assert 15.0 < started - other.arrived <= 30.0
    assert sum(d.outcome.text == "a" for d in delivered) > 10


def test_weights_that_cannot_be_loaded_fail_their_own_requests_and_no_others():
    desk, clock, _ = serving(broken={"b"})
    desk.submit(call("b", [1, 1]))
    desk.submit(call("a", [1]))
    outcomes = [d.outcome for d in finished(desk)]
    assert [type(outcome) for outcome in outcomes] == [Piece, Refusal, Refusal]
    assert "cannot load b" in outcomes[1].message
    [again] = desk.submit(call("b", [1]))
    assert again.outcome.cause is Cause.REJECTED
    clock.now += BROKEN_SECONDS
    assert desk.submit(call("b", [1])) == []


def test_cancelling_frees_what_runs_and_what_waits():
    desk, _, engine = serving()
    big = call("a", [50] * 10)
    desk.submit(big)
    desk.turn()
    assert (desk.running, len(desk.waiting)) == (4, 6)
    desk.cancel(big.id)
    assert desk.idle
    assert not engine.left


def test_a_full_engine_refuses_and_says_so():
    desk, _, _ = serving(most_waiting=2)
    [one, *_] = desk.submit(call("a", [1, 1, 1]))
    assert one.outcome.cause is Cause.UNAVAILABLE
    assert "limit of 2" in one.outcome.message
    assert desk.idle


def test_a_refusal_of_a_full_engine_says_when_to_come_back():
    desk, _, _ = serving(most_waiting=2)
    desk.submit(call("b", [1, 1]))
    [refused] = desk.submit(call("c", [1]))
    assert refused.outcome.retry_after == desk.estimate("c") > 0


def test_a_person_passes_a_file_and_the_file_goes_on_after():
    desk, _, _ = serving()
    desk.submit(call("a", [9] * 12, priority=Priority.BATCH))
    desk.turn()
    desk.submit(call("a", [1]))
    desk.submit(call("b", [1]))
    texts = [d.outcome.text for d in finished(desk)]
    assert len(texts) == 14
    assert texts[4:6] == ["a", "b"]
    assert desk.swaps == 2


def test_who_joins_a_swap_shares_it():
    desk, clock, engine = serving()
    desk.submit(call("b", [2]))
    assert desk.turn() == []
    assert engine.resident == "b"
    desk.submit(call("b", [2], arrived=clock.now))
    assert [d.outcome.text for d in finished(desk)] == ["b", "b"]
    assert desk.swaps == 1


def test_a_cancelled_call_causes_no_swap():
    desk, _, engine = serving()
    desk.submit(call("a", [3]))
    desk.turn()
    gone = call("b", [1])
    desk.submit(gone)
    desk.turn()
    desk.cancel(gone.id)
    finished(desk)
    assert (desk.swaps, engine.resident) == (0, "a")
    assert engine.expected == [("b",), ()]


def test_the_engine_is_told_what_comes_next_and_only_when_it_changes():
    desk, clock, engine = serving()
    desk.submit(call("a", [4]))
    desk.turn()
    desk.submit(call("b", [1], arrived=clock.now))
    desk.turn()
    desk.submit(call("b", [1], arrived=clock.now))
    desk.turn()
    desk.submit(call("c", [1], arrived=clock.now))
    finished(desk)
    assert engine.expected == [("b",), ("b", "c"), ("c",), ()]


def test_there_is_rest_only_when_nothing_can_be_done():
    desk, _, _ = serving()
    assert desk.rest() is None
    desk.submit(call("a", [2]))
    assert desk.rest() == 0.0
    desk.turn()
    assert desk.rest() == 0.0
    finished(desk)
    assert desk.rest() is None


def test_a_base_in_demand_is_waited_for_until_the_moment_that_is_told():
    desk, clock, _ = serving(max_wait=100.0)
    for _ in range(20):
        desk.submit(call("a", [1], arrived=clock.now))
        desk.turn()
    desk.submit(call("b", [1], arrived=clock.now))
    assert desk.turn() == []
    rest = desk.rest()
    assert rest > 0
    clock.now += rest
    assert [d.outcome.text for d in finished(desk)] == ["b"]


def test_what_was_done_is_counted():
    desk, _, _ = serving()
    desk.submit(call("a", [2, 3]))
    finished(desk)
    assert (desk.steps, desk.prompt_tokens, desk.completion_tokens) == (3, 2, 2)


def test_estimates_cover_every_base_that_is_asked_for():
    desk, _, _ = serving(broken={"c"})
    desk.submit(call("a", [5]))
    desk.submit(call("c", [1]))
    desk.turn()
    estimates = desk.estimates()
    assert set(estimates) == {"a", "c"}
    assert estimates["a"] == 0.0
    finished(desk)
    assert desk.estimate("c") == BROKEN_SECONDS


calls = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.lists(st.integers(1, 6), max_size=6),
        st.sampled_from(Priority),
    ),
    max_size=12,
)


@settings(max_examples=50)
@given(calls, st.floats(0, 10), st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_every_prompt_is_answered_once_by_its_own_weights(calls, max_wait, pauses):
    desk, clock, _ = serving(max_wait)
    asked, delivered = {}, []
    for (base, tokens, priority), turns in zip(calls, pauses, strict=False):
        one = call(base, tokens, clock.now, priority)
        asked.update({(one.id, place): base for place in one.requests})
        delivered += desk.submit(one)
        for _ in range(turns):
            delivered += desk.turn()
    delivered += finished(desk)
    assert len(delivered) == len(asked)
    assert {(d.call_id, d.place): d.outcome.text for d in delivered} == asked
