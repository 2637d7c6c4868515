"""Which awake engines let no new work in, so that one that has waited too long gets room. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from experts.engines.residency import Budgets, Occupant, Room, State, make_room, settled

TURN = 3.0  # what an engine may serve before it must yield, in times of what its start took


def gate(
    waiting: Mapping[str, float],
    occupants: Sequence[Occupant],
    budgets: Budgets,
    now: float,
    max_wait: float,
) -> frozenset[str]:
    """The engines to drain. `waiting` says when the longest waiting request of each family came.

    One that is not awake is overdue when it has waited longer than `max_wait`, and than `TURN`
    times the seconds until it could serve; one that is awake has as much of a turn before it
    must yield. So at most 1 / (1 + TURN) of a device's time goes into switching for fairness,
    and among n families nobody waits longer than all others' turns and switches.
    """
    draining: set[str] = set()
    for wanted in _overdue(waiting, occupants, now, max_wait):
        room = make_room(wanted, occupants, budgets, now)
        if not isinstance(room, Room):
            idle = [_idle(each, now, max_wait) for each in occupants]
            room = make_room(wanted, idle, budgets, now)
        if isinstance(room, Room):
            evicted = {eviction.name for eviction in room.evictions}
            draining |= {each.name for each in occupants if each.busy and each.name in evicted}
            occupants = settled(occupants, wanted, room)
    return frozenset(draining)


def _overdue(
    waiting: Mapping[str, float], occupants: Sequence[Occupant], now: float, max_wait: float
) -> list[str]:
    """The longest waiting first."""
    late = [
        occupant.name
        for occupant in occupants
        if occupant.name in waiting
        and occupant.state in (State.ASLEEP, State.STOPPED)
        and now - waiting[occupant.name] > max(max_wait, TURN * occupant.back)
    ]
    return sorted(late, key=lambda name: (waiting[name], name))


def _idle(occupant: Occupant, now: float, max_wait: float) -> Occupant:
    """As it will be once drained, if its turn is over."""
    switch = occupant.wake if occupant.can_sleep else occupant.start
    over = now - occupant.since >= max(max_wait, TURN * switch)
    drained = occupant.state is State.AWAKE and over
    return replace(occupant, busy=False) if drained else occupant
