"""Who yields to whom: nobody starves, and devices do not spend their time switching."""

from dataclasses import replace

import pytest

from experts.engines.draining import TURN, gate
from experts.engines.residency import GIB, Occupant, Room, State, make_room, settled

BUDGETS = {"gpu0": 10 * GIB}


def engine(name, state, size=10, **facts):
    facts = {"start": 40.0} | facts
    return Occupant(name, ("gpu0",), size * GIB, state, **facts)


def working(name, size=10, **facts):
    return engine(name, State.AWAKE, size, busy=True, **facts)


def gated(waiting, *occupants, now=1000.0, max_wait=2.0):
    return gate(waiting, occupants, BUDGETS, now, max_wait)


def test_nobody_drains_while_nobody_is_overdue():
    assert gated({}, working("a"), engine("b", State.STOPPED)) == frozenset()
    assert gated({"b": 999.0}, working("a"), engine("b", State.STOPPED)) == frozenset()


def test_an_overdue_family_makes_the_one_in_its_way_drain():
    waiting = {"a": 10.0, "b": 1000 - 3 * 40 - 1}
    assert gated(waiting, working("a"), engine("b", State.STOPPED)) == {"a"}


def test_a_switch_that_is_quick_is_made_sooner():
    asleep = engine("b", State.ASLEEP, wake=0.5, can_sleep=True)
    assert gated({"b": 997.0}, working("a"), asleep) == {"a"}
    assert gated({"b": 997.0}, working("a"), engine("b", State.STOPPED)) == frozenset()


def test_nobody_drains_where_idle_engines_can_make_room():
    idle = engine("a", State.AWAKE, 5)
    assert gated({"c": 0.0}, idle, working("b", 5), engine("c", State.STOPPED, 5)) == frozenset()


def test_no_more_drain_than_needed():
    occupants = [working("a", 5), working("b", 5, heat=9.0, last_used=1000.0)]
    assert gated({"c": 0.0}, *occupants, engine("c", State.STOPPED, 5)) == {"a"}
    assert gated({"c": 0.0}, *occupants, engine("c", State.STOPPED, 10)) == {"a", "b"}


def test_one_engine_yields_to_one_family_only():
    waiting = {"b": 0.0, "c": 1.0}
    occupants = [working("a"), engine("b", State.STOPPED), engine("c", State.STOPPED)]
    assert gated(waiting, *occupants) == {"a"}
    assert gated(waiting, *occupants[1:], replace(occupants[0], busy=False)) == frozenset()


@pytest.mark.parametrize(
    "other",
    [
        working("a", since=1000.0 - TURN * 40 + 1),
        working("a", pinned=True),
        engine("a", State.STARTING),
    ],
    ids=["in its turn", "pinned", "on its way"],
)
def test_who_need_not_yield(other):
    assert gated({"b": 0.0}, other, engine("b", State.STOPPED)) == frozenset()


def test_an_overdue_family_on_its_way_needs_nobody_else_to_drain():
    assert gated({"b": 0.0}, working("a", 5), engine("b", State.WAKING, 5)) == frozenset()


DRAIN = 5  # seconds that the last work of an engine takes


def days_work(families, seconds, *, max_wait, start):
    """All families have work all the time, on a device for one. Returns who was awake when."""
    engines = [engine(name, State.STOPPED, start=start) for name in families]
    arrived = dict.fromkeys(families, 0.0)
    drains, log = {}, []
    for now in map(float, range(seconds)):
        for index, each in enumerate(engines):
            if each.state is State.STARTING and now >= each.since + each.start:
                engines[index] = replace(each, state=State.AWAKE, busy=True, since=now)
            elif each.busy and now >= drains.get(each.name, now + 1):
                engines[index] = replace(each, busy=False)
                del drains[each.name]
        waiting = {e.name: now if e.state is State.AWAKE else arrived[e.name] for e in engines}
        for name in gate(waiting, engines, BUDGETS, now, max_wait):
            drains.setdefault(name, now + DRAIN)
        oldest = min(waiting, key=lambda name: (waiting[name], name))
        room = make_room(oldest, engines, BUDGETS, now)
        if isinstance(room, Room) and waiting[oldest] < now:
            for eviction in room.evictions:
                arrived[eviction.name] = now
            before = {e.name: e.state for e in engines}
            engines = [
                e if e.state is before[e.name] else replace(e, since=now)
                for e in settled(engines, oldest, room)
            ]
        log.append(next((e.name for e in engines if e.state is State.AWAKE), None))
    return log


@pytest.mark.parametrize("families", ["ab", "abcd"])
@pytest.mark.parametrize("start", [1.0, 40.0])
def test_families_that_all_have_work_take_turns_and_a_device_mostly_serves(families, start):
    max_wait = 2.0
    log = days_work(families, 4000, max_wait=max_wait, start=start)
    serving = [name for name in log if name is not None]
    assert len(serving) / len(log) > TURN / (1 + TURN) - 0.05
    for name in families:
        assert serving.count(name) / len(serving) == pytest.approx(1 / len(families), rel=0.25)
        served = [now for now, each in enumerate(log) if each == name]
        longest = max(b - a for a, b in zip([0, *served], [*served, len(log)], strict=True))
        turn = max(max_wait, TURN * start) + start + DRAIN + 3
        assert longest <= len(families) * turn
