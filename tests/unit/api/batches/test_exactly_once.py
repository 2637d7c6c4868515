"""Two workers, leases that lapse at any moment, deaths: still one result a line."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.batches import Model

LINES, LEASE = 4, 10
STEP = st.tuples(
    st.sampled_from(["take", "ask", "answer", "fail", "die", "wait"]),
    st.sampled_from(["one", "two"]),
    st.integers(0, LINES - 1),
)


def play(model, steps):
    """Each worker asks lines that it believes open, and records their answers whenever they come,
    be its lease its own any more or not. Returns every (worker, line) that was told recorded."""
    asked = {"one": set(), "two": set()}
    told = []
    for what, worker, number in steps:
        if what == "take":
            model.take(worker, LEASE)
        elif what == "ask" and number not in model.done:
            asked[worker].add(number)
        elif what in ("answer", "fail") and number in asked[worker]:
            if model.record(worker, number, failed=what == "fail") == 1:
                told.append((worker, number))
            asked[worker].discard(number)
        elif what == "die":
            asked[worker].clear()
        elif what == "wait":
            model.now += 3 * number
    return told


@given(st.lists(STEP, max_size=80))
def test_no_interleaving_gives_a_line_two_results(steps):
    model = Model()
    told = play(model, steps)
    lines = Counter([line for line, _ in model.output] + list(model.errors))
    assert all(n == 1 for n in lines.values())
    assert Counter(line for _, line in told) == lines


@given(st.lists(STEP, max_size=80))
def test_whatever_came_before_a_worker_that_lives_finishes_it(steps):
    model = Model()
    play(model, steps)
    model.now += LEASE
    assert model.take("three", LEASE)
    for number in set(range(LINES)) - model.done:
        assert model.record("three", number) == 1
    assert model.done == set(range(LINES))


@given(st.lists(STEP, max_size=40), st.lists(STEP, max_size=40))
def test_who_lost_its_lease_writes_nothing(before, since):
    model = Model()
    play(model, before)
    model.now += LEASE
    assert model.take("three", 10**6)
    had = len(model.done)
    play(model, [step for step in since if step[0] != "wait"])
    assert len(model.done) == had


@given(st.lists(STEP, max_size=60))
def test_going_on_asks_again_what_failed_and_nothing_that_was_answered(steps):
    model = Model()
    play(model, steps)
    model.now += LEASE
    answered = list(model.output)
    assert model.reopen() == len(answered)
    model.take("three", LEASE)
    for number in range(LINES):
        model.record("three", number)
    assert model.output[: len(answered)] == answered
    assert sorted(line for line, _ in model.output) == list(range(LINES))
