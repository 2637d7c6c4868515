"""What is awake, asleep and stopped: within the budget, and at the least cost to bring back."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.engines.residency import (
    GIB,
    Eviction,
    NoRoom,
    Occupant,
    Room,
    State,
    heated,
    holds,
    make_room,
    misfits,
    settled,
)

NEVER = 10**6


def engine(name, size=1, state=State.STOPPED, **facts):
    facts = {"devices": ("gpu0",), "start": 40.0, "host": "host"} | facts
    return Occupant(name, awake_bytes=size * GIB, state=state, **facts)


def awake(name, size=1, **facts):
    return engine(name, size, State.AWAKE, **facts)


def sleeper(name, size=1, state=State.AWAKE, **facts):
    facts = {"can_sleep": True, "wake": 1.0, "host_bytes": size * GIB} | facts
    return engine(name, size, state, **facts)


def room(wanted, occupants, now=0.0, **budgets):
    return make_room(
        wanted, occupants, {resource: size * GIB for resource, size in budgets.items()}, now
    )


def stopped(*names):
    return Room(tuple(Eviction(name, State.STOPPED) for name in names))


def asleep(*names):
    return Room(tuple(Eviction(name, State.ASLEEP) for name in names))


@pytest.mark.parametrize(
    ("others", "gpu0", "expected"),
    [
        pytest.param([], 1, Room(), id="there is room"),
        pytest.param([awake("a")], 2, Room(), id="beside another"),
        pytest.param([awake("a")], 1, stopped("a"), id="in another's place"),
        pytest.param([sleeper("a")], 1, asleep("a"), id="which sleeps if it can"),
        pytest.param(
            [awake("a", next_use=0), awake("b", next_use=9), awake("c", next_use=5)],
            3,
            stopped("b"),
            id="whose next use is farthest",
        ),
        pytest.param(
            [awake("a", next_use=9), awake("b", heat=5.0)],
            2,
            stopped("b"),
            id="who is in no plan, before all that are",
        ),
        pytest.param(
            [awake("a", heat=1.0), awake("b", heat=3.0)], 2, stopped("a"), id="who is least used"
        ),
        pytest.param(
            [awake("a", last_used=1, heat=1.0), awake("b", last_used=2, heat=1.0)],
            2,
            stopped("a"),
            id="longest ago",
        ),
        pytest.param(
            [awake("a", 3, next_use=9), awake("b", 1, next_use=9), awake("c", 4, next_use=0)],
            8,
            stopped("a"),
            id="and no more than needed",
        ),
        pytest.param(
            [awake("a", next_use=1, start=0.5), awake("b", next_use=2, start=40.0)],
            2,
            stopped("a"),
            id="who is back sooner, where that outweighs the plan",
        ),
        pytest.param([awake("a", busy=True), awake("b")], 2, stopped("b"), id="never a busy one"),
        pytest.param([awake("a", pinned=True), awake("b")], 2, stopped("b"), id="nor a pinned"),
    ],
)
def test_who_makes_room(others, gpu0, expected):
    new = engine("new", 1 if gpu0 < 8 else 3)
    assert room("new", [new, *others], now=10.0, gpu0=gpu0) == expected


def test_an_engine_on_several_devices_needs_room_on_each():
    both = engine("new", 2, devices=("gpu0", "gpu1"))
    others = [awake("a"), awake("b", devices=("gpu1",))]
    assert room("new", [both, *others], gpu0=2, gpu1=2) == stopped("a", "b")
    assert room("new", [both, *others], gpu0=3, gpu1=2) == stopped("b")


def test_whom_host_memory_cannot_take_is_stopped():
    occupants = [engine("new", 4), sleeper("a", 4)]
    assert room("new", occupants, gpu0=4, host=4) == asleep("a")
    assert room("new", occupants, gpu0=4, host=3) == stopped("a")


def test_a_sleeper_is_stopped_so_that_another_can_sleep():
    cold = sleeper("cold", 4, State.ASLEEP, start=30.0, heat=0.0)
    hot = sleeper("hot", 4, start=300.0, heat=9.0)
    found = room("new", [engine("new", 4), cold, hot], gpu0=4, host=4)
    assert found == Room((Eviction("cold", State.STOPPED), Eviction("hot", State.ASLEEP)))


def test_what_sleepers_leave_on_the_device_counts():
    nap = sleeper("a", 4, State.ASLEEP, asleep_bytes=GIB)
    assert room("new", [engine("new", 3), nap], gpu0=4) == Room()
    assert room("new", [engine("new", 4), nap], gpu0=4) == stopped("a")


@pytest.mark.parametrize(
    ("others", "why", "waiting_helps"),
    [
        pytest.param(
            [awake("a", 3)],
            "new needs 5.00 GiB on gpu0, which has 4.00 GiB: 1.00 GiB short",
            False,
            id="larger than the device",
        ),
        pytest.param(
            [awake("a", 2, pinned=True)],
            "new needs 3.00 GiB on gpu0, which has 4.00 GiB beside a (pinned): 1.00 GiB short",
            False,
            id="too large beside the pinned",
        ),
        pytest.param(
            [awake("a", 2, busy=True), awake("b", 1)],
            "new needs 3.00 GiB on gpu0: 1.00 GiB more than can be had while a is at work",
            True,
            id="somebody is at work",
        ),
        pytest.param(
            [engine("a", 2, State.STARTING), awake("b", 2, busy=True)],
            "new needs 3.00 GiB on gpu0: 3.00 GiB more than can be had while a, b are at work",
            True,
            id="somebody is on the way",
        ),
    ],
)
def test_why_there_is_no_room(others, why, waiting_helps):
    size = int(float(why.split()[2]))
    found = room("new", [engine("new", size), *others], gpu0=4)
    assert found == NoRoom(why, waiting_helps)


def test_what_can_never_be_awake_is_told_before_anything_starts():
    occupants = [awake("a", 3, pinned=True), engine("b", 2), engine("c", 9), engine("d", 1)]
    assert misfits(occupants, {"gpu0": 4 * GIB}) == [
        "b needs 2.00 GiB on gpu0, which has 4.00 GiB beside a (pinned): 1.00 GiB short",
        "c needs 9.00 GiB on gpu0, which has 4.00 GiB beside a (pinned): 8.00 GiB short",
    ]
    pinned = [engine("a", 3, pinned=True), engine("b", 2, pinned=True)]
    assert len(misfits(pinned, {"gpu0": 4 * GIB})) == 2
    assert misfits(pinned, {"gpu0": 5 * GIB}) == []
    assert misfits(pinned, {}) == []


def test_heat_counts_uses_and_forgets_them():
    hot = heated(heated(heated(0.0, 0.0, 0.0), 0.0, 1.0), 1.0, 2.0)
    assert 2.9 < hot < 3.0
    assert heated(hot, 2.0, 5000.0) == pytest.approx(1.0, abs=0.01)


OCCUPANTS = st.lists(
    st.builds(
        Occupant,
        name=st.just(""),
        devices=st.sampled_from([("gpu0",), ("gpu1",), ("gpu0", "gpu1")]),
        awake_bytes=st.integers(2, 6),
        state=st.sampled_from(State),
        start=st.floats(5, 60),
        wake=st.floats(0.1, 4),
        can_sleep=st.booleans(),
        asleep_bytes=st.integers(0, 1),
        host=st.just("host"),
        host_bytes=st.integers(0, 6),
        busy=st.booleans(),
        pinned=st.booleans(),
        heat=st.floats(0, 5),
        last_used=st.floats(0, 1000),
        next_use=st.none() | st.integers(0, 9),
    ),
    min_size=1,
    max_size=5,
).map(lambda many: [replace(one, name=str(n)) for n, one in enumerate(many)])
BUDGETS = st.fixed_dictionaries(
    {"gpu0": st.integers(4, 12), "gpu1": st.integers(4, 12), "host": st.integers(0, 12)}
)


def used(occupants, resource):
    return sum(holds(occupant).get(resource, 0) for occupant in occupants)


def ways(occupants, wanted):
    """All that may be done, whether it makes room or not."""
    may = []
    for each in occupants:
        states = {State.STOPPED} | ({State.ASLEEP} if each.can_sleep else set())
        free = each.movable and each.name != wanted
        may.append([each.state, *(states - {each.state} if free else ())])
    for states in product(*may):
        changes = zip(occupants, states, strict=True)
        yield Room(tuple(Eviction(o.name, s) for o, s in changes if s is not o.state))


def fits_after(occupants, wanted, found, budgets):
    """Nothing goes over its budget that was not, and nothing that `wanted` takes more of."""
    after = settled(occupants, wanted, found)
    had, has = (holds(next(o for o in all_ if o.name == wanted)) for all_ in (occupants, after))
    for resource, budget in budgets.items():
        more = has.get(resource, 0) > had.get(resource, 0)
        if used(after, resource) > (budget if more else max(budget, used(occupants, resource))):
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(OCCUPANTS, BUDGETS)
def test_room_is_made_whenever_it_can_be_and_nothing_busy_or_pinned_pays_for_it(many, budgets):
    found = make_room("0", many, budgets, 1000.0)
    possible = [way for way in ways(many, "0") if fits_after(many, "0", way, budgets)]
    assert isinstance(found, Room) == bool(possible)
    if isinstance(found, Room):
        assert fits_after(many, "0", found, budgets)
        moved = {eviction.name for eviction in found.evictions}
        assert all(each.movable for each in many if each.name in moved)
        assert not any(
            fits_after(many, "0", Room(tuple(e for e in found.evictions if e != one)), budgets)
            for one in found.evictions
        )
    elif found.waiting_helps:
        idle = [each if each.pinned else replace(each, state=State.STOPPED) for each in many]
        assert isinstance(make_room("0", idle, budgets, 1000.0), Room)


@settings(max_examples=150, deadline=None)
@given(OCCUPANTS, BUDGETS)
def test_of_a_plan_no_cheaper_way_makes_room(many, budgets):
    many = [replace(each, next_use=each.next_use or 0) for each in many]
    found = make_room("0", many, budgets, 1000.0)
    if isinstance(found, NoRoom):
        return

    def cost(way):
        by_name = {each.name: each for each in many}
        total = 0.0
        for eviction in way.evictions:
            each = by_name[eviction.name]
            back = each.wake if eviction.to is State.ASLEEP else each.start
            already = each.wake if each.state is State.ASLEEP else 0.0
            total += (back - already) / (1 + each.next_use)
        return total

    best = min(cost(way) for way in ways(many, "0") if fits_after(many, "0", way, budgets))
    assert cost(found) == pytest.approx(best)


def hits(trace, count, budget, *, known):
    """Uses that found their engine awake, on one device that holds `budget` of them."""
    engines = {name: engine(name, 1, start=10.0) for name in range(count)}
    found = 0
    for now, name in enumerate(trace):
        if known:
            rest = trace[now:]
            engines = {
                n: replace(e, next_use=rest.index(n) if n in rest else NEVER)
                for n, e in engines.items()
            }
        if engines[name].state is State.AWAKE:
            found += 1
        else:
            made = make_room(name, list(engines.values()), {"gpu0": budget * GIB}, float(now))
            for eviction in made.evictions:
                engines[eviction.name] = replace(engines[eviction.name], state=eviction.to)
        engines[name] = replace(
            engines[name], state=State.AWAKE, last_used=float(now), heat=1.0 if not known else 0.0
        )
        assert sum(e.state is State.AWAKE for e in engines.values()) <= budget
    return found


def lru_hits(trace, budget):
    recent, found = [], 0
    for name in trace:
        found += name in recent
        recent = [name, *(each for each in recent if each != name)][:budget]
    return found


def farthest_hits(trace, budget):
    """Belady's MIN: what no policy exceeds."""
    there, found = set(), 0
    for now, name in enumerate(trace):
        rest = trace[now + 1 :]
        found += name in there
        if name not in there and len(there) == budget:
            there.discard(max(there, key=lambda n: rest.index(n) if n in rest else NEVER))
        there.add(name)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_with_the_future_known_hits_are_the_most_possible_and_without_those_of_lru(seed):
    draw = random.Random(seed)
    count, budget = draw.randint(3, 8), draw.randint(1, 4)
    trace = [min(int(draw.expovariate(0.5)), count - 1) for _ in range(80)]
    planned = hits(trace, count, budget, known=True)
    assert planned == farthest_hits(trace, budget)
    assert hits(trace, count, budget, known=False) == lru_hits(trace, budget) <= planned


@pytest.mark.parametrize("seed", range(10))
def test_no_trace_goes_over_budget_or_moves_what_is_busy_or_pinned(seed):
    draw = random.Random(seed)
    budgets = {"gpu0": 12 * GIB, "gpu1": 10 * GIB, "host": 16 * GIB}
    engines = [
        sleeper(
            str(n),
            draw.randint(1, 6),
            State.STOPPED,
            devices=draw.choice([("gpu0",), ("gpu1",), ("gpu0", "gpu1")]),
            can_sleep=draw.random() < 0.7,
        )
        for n in range(7)
    ]
    for now in range(300):
        arrived = {State.WAKING: State.AWAKE, State.STARTING: State.AWAKE}
        engines = [
            replace(
                e,
                state=arrived.get(e.state, e.state) if draw.random() < 0.6 else e.state,
                busy=e.state is State.AWAKE and draw.random() < 0.4,
                pinned=e.state is State.AWAKE and draw.random() < 0.1,
            )
            for e in engines
        ]
        wanted = str(draw.randrange(7))
        found = make_room(wanted, engines, budgets, float(now))
        if isinstance(found, Room):
            after = settled(engines, wanted, found)
            for before, each in zip(engines, after, strict=True):
                still = not before.movable and before.name != wanted
                assert before.state == each.state or not still
            engines = after
        assert all(used(engines, resource) <= budget for resource, budget in budgets.items())
