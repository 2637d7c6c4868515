from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.engine import Produced, SwapFailed
from experts.engines.generation import Piece, Refusal, Request
from experts.engines.serving import BROKEN_SECONDS, Serving, merged
from experts.engines.waiting import Call
from experts.types import Cause, Message


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


def serving(max_wait=3.0, broken=(), most_waiting=1000):
    clock = Clock()
    engine = ToyEngine(clock, broken)
    return Serving(engine, clock, max_wait=max_wait, most_waiting=most_waiting), clock, engine


numbers = count()


def call(base, tokens, arrived=0.0):
    requests = [Request(base, (Message("user", ""),), n) for n in tokens]
    return Call(f"call-{next(numbers)}", base, arrived, dict(enumerate(requests)))


def finished(desk):
    delivered = []
    while not desk.idle:
        delivered += desk.turn()
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


def test_an_overdue_request_stops_the_admission_of_newer_ones():
    desk, clock, _ = serving(max_wait=3.0)
    desk.submit(call("a", [10]))
    desk.turn()
    desk.submit(call("b", [1], arrived=clock.now))
    clock.now += 4.0
    desk.submit(call("a", [1], arrived=clock.now))
    assert [d.outcome.text for d in finished(desk)] == ["a", "b", "a"]


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


def test_merged_pieces_are_one_that_stands_where_the_last_stood():
    pieces = [Piece("a", 5, 1), Piece("b", 5, 3), Piece("", 5, 4, "stop", 2.0)]
    assert merged(pieces) == Piece("ab", 5, 4, "stop", 2.0)


calls = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(1, 6), max_size=6)), max_size=12
)


@settings(max_examples=50)
@given(calls, st.floats(0, 10), st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_every_prompt_is_answered_once_by_its_own_weights(calls, max_wait, pauses):
    desk, clock, _ = serving(max_wait)
    asked, delivered = {}, []
    for (base, tokens), turns in zip(calls, pauses, strict=False):
        one = call(base, tokens, clock.now)
        asked.update({(one.id, place): base for place in one.requests})
        delivered += desk.submit(one)
        for _ in range(turns):
            delivered += desk.turn()
    delivered += finished(desk)
    assert len(delivered) == len(asked)
    assert {(d.call_id, d.place): d.outcome.text for d in delivered} == asked
