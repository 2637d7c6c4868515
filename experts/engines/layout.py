"""Which node and devices each engine of a cluster gets. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from experts.engines.nodes import Node, Wanted, load_on, may_sit
from experts.engines.shortages import Shortage, lack

ROUNDS = 20  # of moving engines to where there is more room; it mostly needs two


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one engine is."""

    family: str
    replica: int
    node: str  # its id
    devices: tuple[int, ...] = ()  # indices of GPUs; none: it runs on CPU


@dataclass(frozen=True, slots=True)
class Layout:
    seats: tuple[Seat, ...]  # in the order of what was wanted
    shortages: tuple[Shortage, ...] = ()


def laid_out(wanted: Sequence[Wanted], nodes: Sequence[Node], kept: Iterable[Seat] = ()) -> Layout:
    """A seat for every replica, or for as many as can be with what the others lack.

    Families take turns on a device, so none keeps another out. They are spread so that the
    fullest device is as empty as may be: largest first, each to where there is most room
    (Graham's LPT rule), then moved while that helps. What is kept stays where it is, if it may.
    """
    plan = _Plan(wanted, nodes)
    shortages: dict[str, Shortage] = {}
    for before in kept:
        plan.keep(before)
    for one in sorted(wanted, key=lambda one: (-one.tensor_parallel, -one.bytes, one.family)):
        lacking = [n for n in range(one.replicas) if (one.family, n) not in plan.seats]
        for place, replica in enumerate(lacking):
            seat = plan.best(one, replica)
            if seat is None:
                missing = len(lacking) - place
                shortages[one.family] = Shortage(one.family, missing, lack(one, plan.nodes))
                break
            plan.sit(seat)
    plan.improve()
    families = [one.family for one in wanted]
    seats = [plan.seats[key] for key in sorted(plan.seats, key=lambda k: (families.index(k[0]), k))]
    return Layout(tuple(seats), tuple(shortages[f] for f in families if f in shortages))


def moved(seats: Iterable[Seat], wanted: Sequence[Wanted], nodes: Sequence[Node]) -> Layout:
    """The layout once these nodes are all there are: who sits on one of them stays."""
    return laid_out(wanted, nodes, kept=seats)


Device = tuple[str, int | None]  # a node's id, and the index of a GPU; None: its processors


class _Plan:
    """Seats so far, and how full that makes each device. Exact, so that ties are ties."""

    def __init__(self, wanted: Sequence[Wanted], nodes: Sequence[Node]) -> None:
        self.nodes = sorted(nodes, key=lambda node: node.id)
        self.seats: dict[tuple[str, int], Seat] = {}
        self._wanted = {one.family: one for one in wanted}
        self._by_id = {node.id: node for node in self.nodes}
        self._kept: set[tuple[str, int]] = set()
        self._loads: dict[Device, Fraction] = {
            (node.id, gpu): Fraction(0) for node in nodes for gpu in (None, *range(node.gpus))
        }

    def keep(self, seat: Seat) -> None:
        """Takes a seat over as it is, unless it is lost or no longer wanted."""
        one, node = self._wanted.get(seat.family), self._by_id.get(seat.node)
        if one is None or node is None or seat.replica >= one.replicas or not may_sit(one, node):
            return
        if (seat.family, seat.replica) in self.seats:
            return
        free = set(self._free(one, node))
        if len(set(seat.devices)) == _devices(one) and free.issuperset(seat.devices):
            self.sit(seat)
            self._kept.add((seat.family, seat.replica))

    def best(self, one: Wanted, replica: int) -> Seat | None:
        """Where the fullest of its devices will be emptiest; None where there is no place."""
        found = []
        for place, node in enumerate(self.nodes):
            free = sorted(self._free(one, node), key=lambda gpu: (self._loads[node.id, gpu], gpu))
            if may_sit(one, node) and len(free) >= _devices(one):
                seat = Seat(one.family, replica, node.id, tuple(sorted(free[: _devices(one)])))
                full = max(self._loads[device] for device in _on(seat)) + load_on(one, node)
                found.append((self._beside(one, node), full, place, seat))
        return min(found, key=lambda each: each[:3])[3] if found else None

    def sit(self, seat: Seat) -> None:
        self.seats[seat.family, seat.replica] = seat
        self._add(seat, 1)

    def improve(self) -> None:
        """Moves one engine after the other while that makes the fullest devices emptier."""
        for _ in range(ROUNDS):
            before = self._fullest()
            for key, seat in sorted(self.seats.items()):
                if key not in self._kept:
                    self._reseat(seat)
            if self._fullest() == before:
                return

    def _reseat(self, seat: Seat) -> None:
        before = self._fullest()
        del self.seats[seat.family, seat.replica]
        self._add(seat, -1)
        other = self.best(self._wanted[seat.family], seat.replica) or seat
        self.sit(other)
        if self._fullest() >= before and other != seat:
            self._add(other, -1)
            self.sit(seat)

    def _fullest(self) -> list[Fraction]:
        return sorted(self._loads.values(), reverse=True)

    def _add(self, seat: Seat, times: int) -> None:
        load = load_on(self._wanted[seat.family], self._by_id[seat.node])
        for device in _on(seat):
            self._loads[device] += times * load

    def _free(self, one: Wanted, node: Node) -> list[int]:
        """The GPUs there that no replica of the family has."""
        mine = {
            gpu
            for (family, _), seat in self.seats.items()
            if family == one.family and seat.node == node.id
            for gpu in seat.devices
        }
        return [gpu for gpu in range(node.gpus) if gpu not in mine]

    def _beside(self, one: Wanted, node: Node) -> int:
        """Replicas of the family on the node's processors: they had better be on several."""
        if one.gpus:
            return 0
        return sum(s.family == one.family and s.node == node.id for s in self.seats.values())


def _devices(one: Wanted) -> int:
    return one.tensor_parallel if one.gpus else 0


def _on(seat: Seat) -> list[Device]:
    return [(seat.node, gpu) for gpu in seat.devices or (None,)]
