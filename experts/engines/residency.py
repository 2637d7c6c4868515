"""Which engines are awake on a device, asleep in host memory, or stopped. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from experts.engines.covering import Option, least_loss

HALF_LIFE = 300.0  # seconds in which an engine's past use counts half
LEAST_NEED = 1e-6  # of an engine that nobody is known to want
GIB = 2**30


class State(StrEnum):
    AWAKE = "awake"
    ASLEEP = "asleep"
    STOPPED = "stopped"
    WAKING = "waking"
    STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Occupant:
    """An engine as the devices see it. Each of its devices bears the same bytes."""

    name: str
    devices: tuple[str, ...]
    awake_bytes: int  # on each device
    state: State
    start: float  # seconds
    wake: float = 0.0  # seconds, until it serves: with its weights, whatever the level of sleep
    can_sleep: bool = False
    asleep_bytes: int = 0  # on each device
    host: str = ""  # whose memory it sleeps in
    host_bytes: int = 0  # there: its weights at level 1 of sleep, none at level 2
    busy: bool = False  # has work in flight
    pinned: bool = False
    heat: float = 0.0  # as `heated` counted it when it was last used
    last_used: float = 0.0  # seconds, on the clock of `now`
    next_use: int | None = None  # its place in the plan; None: it is in no plan
    since: float = 0.0  # when it came to be in its state

    @property
    def back(self) -> float:
        """Seconds until it could serve."""
        return self.wake if self.state is State.ASLEEP else self.start

    @property
    def movable(self) -> bool:
        """Whether it may be put to sleep or stopped now."""
        still = self.state in (State.AWAKE, State.ASLEEP)
        return still and not self.busy and not self.pinned


@dataclass(frozen=True, slots=True)
class Eviction:
    name: str
    to: State  # ASLEEP or STOPPED


@dataclass(frozen=True, slots=True)
class Room:
    """There is room once these are done, in this order."""

    evictions: tuple[Eviction, ...] = ()


@dataclass(frozen=True, slots=True)
class NoRoom:
    why: str
    waiting_helps: bool  # False: not before somebody changes the registry or the device


Budgets = Mapping[str, int]  # bytes, by device and by host; what has none is not limited


def heated(heat: float, last_used: float, now: float) -> float:
    """An engine's heat once it is used now: uses, each counting half after every half-life.

    Recency and frequency in one number (Lee et al., LRFU, IEEE Trans. Computers 2001).
    """
    return 1.0 + _cooled(heat, last_used, now)


def make_room(
    wanted: str, occupants: Sequence[Occupant], budgets: Budgets, now: float
) -> Room | NoRoom:
    """What to put to sleep or stop so that `wanted` can be awake: never what is busy or pinned,
    never more than needed, and of all ways the one that costs least.

    An eviction costs the seconds until its engine could serve again, times how much it is
    needed: 1 if it is next in the plan, 1/2 if second, ..., so that of engines alike the one
    whose next use is farthest goes. Those in no plan come after all that are, by their heat.
    """
    one = next(occupant for occupant in occupants if occupant.name == wanted)
    others = [occupant for occupant in occupants if occupant.name != wanted]
    short = _short(one, others, budgets)
    movable = [occupant for occupant in others if occupant.movable]
    chosen = least_loss(_choices(movable, short, occupants, now), short)
    if chosen is None:
        return _no_room(one, others, budgets)
    # What is stopped goes first: what falls asleep may need the memory that it leaves.
    ordered = sorted(chosen, key=lambda option: (option.to != State.STOPPED, option.loss))
    return Room(tuple(Eviction(option.name, State(option.to)) for option in ordered))


def settled(occupants: Iterable[Occupant], wanted: str, room: Room) -> list[Occupant]:
    """The occupants once the room is made and `wanted` is on its way."""
    states = {eviction.name: eviction.to for eviction in room.evictions}
    moved = []
    for occupant in occupants:
        state = states.get(occupant.name, occupant.state)
        if occupant.name == wanted and state in (State.ASLEEP, State.STOPPED):
            state = State.WAKING if state is State.ASLEEP else State.STARTING
        moved.append(replace(occupant, state=state))
    return moved


def misfits(occupants: Sequence[Occupant], budgets: Budgets) -> list[str]:
    """What can never be awake, in words: larger than a device, or too large beside the pinned
    ones. For refusing it before anything is started."""
    found = []
    for one in occupants:
        pinned = [each for each in occupants if each.pinned and each.name != one.name]
        for resource, need in _awake(one).items():
            taken = need + sum(_awake(each).get(resource, 0) for each in pinned)
            if taken > budgets.get(resource, taken):
                found.append(_misfit(one, resource, pinned, budgets))
    return found


def holds(occupant: Occupant) -> dict[str, int]:
    """The bytes it takes, by device and host."""
    return _held(occupant, occupant.state)


def _held(occupant: Occupant, state: State) -> dict[str, int]:
    if state is State.STOPPED:
        return {}
    each = occupant.asleep_bytes if state is State.ASLEEP else occupant.awake_bytes
    held = dict.fromkeys(occupant.devices, each)
    if state in (State.ASLEEP, State.WAKING) and occupant.host_bytes:
        # What wakes gives up host memory at the end.
        held[occupant.host] = held.get(occupant.host, 0) + occupant.host_bytes
    return held


def _awake(occupant: Occupant) -> dict[str, int]:
    return _held(occupant, State.AWAKE)


def _short(one: Occupant, others: Sequence[Occupant], budgets: Budgets) -> dict[str, int]:
    """What is to be freed by resource; below zero what is left. Where `one` will take no more
    than it does, it does not matter that too much is taken already."""
    coming = {State.ASLEEP: State.WAKING, State.STOPPED: State.STARTING}
    has, needs = holds(one), _held(one, coming.get(one.state, one.state))
    held = [holds(other) for other in others]
    short = {}
    for resource, budget in budgets.items():
        need = needs.get(resource, 0)
        over = need + sum(each.get(resource, 0) for each in held) - budget
        short[resource] = over if need > has.get(resource, 0) else min(0, over)
    return short


def _choices(
    movable: Sequence[Occupant],
    short: Mapping[str, int],
    occupants: Sequence[Occupant],
    now: float,
) -> list[list[Option]]:
    if all(need <= 0 for need in short.values()):
        return []
    horizon = 1 + max((o.next_use for o in occupants if o.next_use is not None), default=-1)
    # Between those that cost the same, the one whose last use is longest ago.
    oldest = sorted(movable, key=lambda occupant: (occupant.last_used, occupant.name))
    return [_options(occupant, _need(occupant, horizon, now)) for occupant in oldest]


def _options(occupant: Occupant, need: float) -> list[Option]:
    """Ways to make it take less, stopping it last."""
    held = holds(occupant)
    if occupant.state is State.ASLEEP:
        loss = max(occupant.start - occupant.wake, LEAST_NEED) * need
        return [Option(occupant.name, State.STOPPED, loss, held)]
    stop = Option(occupant.name, State.STOPPED, max(occupant.start, LEAST_NEED) * need, held)
    if not occupant.can_sleep:
        return [stop]
    asleep = _held(occupant, State.ASLEEP)
    frees = {r: held.get(r, 0) - asleep.get(r, 0) for r in held | asleep}
    loss = max(occupant.wake, LEAST_NEED) * need
    return [Option(occupant.name, State.ASLEEP, loss, frees), stop]


def _need(occupant: Occupant, horizon: int, now: float) -> float:
    if occupant.next_use is not None:
        return 1 / (1 + occupant.next_use)
    heat = _cooled(occupant.heat, occupant.last_used, now)
    return max(LEAST_NEED, heat / (1 + heat)) / (1 + horizon)


def _cooled(heat: float, last_used: float, now: float) -> float:
    return heat * float(2.0 ** (-max(0.0, now - last_used) / HALF_LIFE))


def _no_room(one: Occupant, others: Sequence[Occupant], budgets: Budgets) -> NoRoom:
    pinned = [other for other in others if other.pinned and holds(other)]
    for resource, over in _short(one, pinned, budgets).items():
        if over > 0:
            return NoRoom(_misfit(one, resource, pinned, budgets), waiting_helps=False)
    kept = [other for other in others if not other.movable]
    short = _short(one, kept, budgets)
    resource = max(short, key=lambda each: short[each])
    busy = [o.name for o in kept if not o.pinned and holds(o).get(resource)]
    return NoRoom(
        f"{one.name} needs {_gib(_awake(one).get(resource, 0))} on {resource}: "
        f"{_gib(short[resource])} more than can be had while {_listed(busy)} at work",
        waiting_helps=True,
    )


def _misfit(one: Occupant, resource: str, pinned: Sequence[Occupant], budgets: Budgets) -> str:
    need = _awake(one)[resource]
    there = {other.name: size for other in pinned if (size := _awake(other).get(resource))}
    over = need + sum(there.values()) - budgets[resource]
    beside = f" beside {', '.join(there)} (pinned)" if there else ""
    return (
        f"{one.name} needs {_gib(need)} on {resource}, which has {_gib(budgets[resource])}{beside}"
        f": {_gib(over)} short"
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"
