from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.switching import next_base

BASES = "abc"
SERVE, SWAP = 1.0, 0.5  # seconds


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [
        pytest.param({}, None, id="nobody waits"),
        pytest.param({"b": 9.0}, "b", id="the resident has nothing to do"),
        pytest.param({"b": 9.0, "c": 8.0}, "c", id="the longest-waiting of the others"),
        pytest.param({"a": 9.5, "b": 9.0}, "a", id="staying while nobody is overdue"),
        pytest.param({"a": 9.5, "b": 7.0}, "b", id="an overdue one goes first"),
        pytest.param({"a": 6.0, "b": 7.0}, "a", id="both overdue, the resident longer"),
        pytest.param({"a": 7.0, "b": 7.0}, "a", id="as long as each other: no swap"),
    ],
)
def test_next_base(oldest, expected):
    assert next_base("a", oldest, now=10.0, max_wait=2.0) == expected


arrivals = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from(BASES)), min_size=1, max_size=40
).map(sorted)


def served(arrived, max_wait):
    """One engine, one request at a time: (decided, started, arrived, base) of each."""
    waiting = {base: deque() for base in BASES}
    todo, now, resident, done = deque(arrived), 0.0, "a", []
    while todo or any(waiting.values()):
        while todo and todo[0][0] <= now:
            waiting[todo[0][1]].append(todo.popleft())
        oldest = {base: line[0][0] for base, line in waiting.items() if line}
        base = next_base(resident, oldest, now, max_wait)
        if base is None:
            now = todo[0][0]
            continue
        started = now + SWAP * (base != resident)
        resident = base
        done.append((now, started, *waiting[base].popleft()))
        now = started + SERVE
    return done


def swaps(bases):
    return sum(one != two for one, two in pairwise(["a", *bases]))


@given(arrivals, st.floats(0, 20))
def test_nobody_is_forgotten_and_none_of_a_base_is_overtaken(arrived, max_wait):
    done = served(arrived, max_wait)
    assert sorted((when, base) for *_, when, base in done) == arrived
    for base in BASES:
        mine = [when for *_, when, each in done if each == base]
        assert mine == sorted(mine)


@given(arrivals, st.floats(0, 20))
def test_swaps_never_exceed_first_come_first_served(arrived, max_wait):
    done = served(arrived, max_wait)
    assert swaps(base for *_, base in done) <= swaps(base for _, base in arrived)


@given(arrivals, st.floats(0, 20))
def test_once_a_request_is_overdue_only_older_ones_go_before_it(arrived, max_wait):
    done = served(arrived, max_wait)
    for place, (_, _, mine, _) in enumerate(done):
        before = [other for decided, _, other, _ in done[:place] if decided - mine > max_wait]
        assert all(other <= mine for other in before)


@given(arrivals, st.floats(0, 20))
def test_nobody_waits_longer_than_the_bound(arrived, max_wait):
    for decided, _, mine, base in served(arrived, max_wait):
        older = sum(one <= mine for one, _ in arrived) - 1
        # What runs when it falls due, and then every older one, each with a swap at the worst.
        assert decided - mine <= max_wait + (older + 1) * (SERVE + SWAP) + 1e-6, base
