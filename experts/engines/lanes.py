"""A lane of batch work: one engine that is always awake, or engines that take turns at a place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from experts.engines.generation import Request
from experts.engines.residency import State
from experts.engines.scheduling.work import Site
from experts.engines.station import Station

AHEAD_PROMPTS = 1024  # in an engine or on their way there
STAYING = 2  # how many times more of another base must wait to leave one for it
AHEAD_BASES = 2  # one at work, and one whose weights are read meanwhile


@dataclass(slots=True, eq=False)
class Parcel:
    """Prompts of one call, all for one base."""

    family: str
    requests: Sequence[Request]

    @property
    def base(self) -> str:
        return self.requests[0].base

    @property
    def weights(self) -> str:
        """Its base as plans name it."""
        return planned(self.family, self.base)

    @property
    def prompts(self) -> int:
        return len(self.requests)


def planned(family: str, base: str) -> str:
    """How plans name a base. In each family it is another: two may have the same one, for
    instance where only one of them is pinned."""
    return f"{base} in {family}"


@dataclass(frozen=True, slots=True)
class Lane:
    """Where parcels are sent, and those that were and are not answered."""

    name: str
    stations: Mapping[str, Station]  # by family
    sent: Sequence[Parcel] = ()

    @property
    def bases(self) -> list[str]:
        """Of what was sent, in its order."""
        return list(dict.fromkeys(parcel.base for parcel in self.sent))

    def joinable(self, waiting: Mapping[str, int]) -> list[str]:
        """The bases of which more may be sent at once, given how many prompts of each wait.

        More of what is on its way makes for a fuller batch. More of what is at work keeps it
        going, which pays while it fills its engine or as much of it waits as of others: a few
        prompts take hardly less time than many, so they had better wait to be many.
        """
        if len(self.bases) < AHEAD_BASES:
            at_work, coming = self.bases, []
        else:
            at_work, coming = self.bases[:1], self.bases[1:]
        most = max((n for base, n in waiting.items() if base not in at_work), default=0)
        return coming + [
            base for base in at_work if self._fills(base) or STAYING * waiting[base] >= most
        ]

    def _fills(self, base: str) -> bool:
        """Whether what was sent of a base is more than its engine works on at once."""
        sent = [parcel for parcel in self.sent if parcel.base == base]
        return sum(p.prompts for p in sent) >= self.stations[sent[0].family].batch

    @property
    def full(self) -> bool:
        """Whether nothing of another base can be sent now."""
        return len(self.bases) >= AHEAD_BASES

    def takes(self, parcel: Parcel) -> bool:
        """Whether the parcel may be sent now, in its turn."""
        if not self.sent:
            return True
        # Another family comes when this one is done: it would only hold the place up.
        if any(other.family != parcel.family for other in self.sent):
            return False
        prompts = sum(other.prompts for other in self.sent) + parcel.prompts
        return prompts <= AHEAD_PROMPTS and (parcel.base in self.bases or not self.full)

    def site(self, seconds: float) -> Site:
        """The lane as the plan sees it, with `seconds` of work sent to it."""
        awake = [name for name, s in self.stations.items() if s.state is State.AWAKE]
        family = self.sent[-1].family if self.sent else awake[0] if awake else None
        last = self.sent[-1].weights if self.sent else None
        return Site(
            name=self.name,
            families=frozenset(self.stations),
            family=family,
            base=last or (self._resident(family) if family else None),
            asleep={
                name: self._resident(name) if s.level == 1 else None  # dropped
                for name, s in self.stations.items()
                if s.state is State.ASLEEP and s.engine
            },
            held=frozenset(
                planned(name, base)
                for name, s in self.stations.items()
                for base in (s.engine.held if s.engine else ())
            ),
            busy=seconds,
        )

    def _resident(self, family: str) -> str | None:
        engine = self.stations[family].engine
        return planned(family, engine.resident) if engine and engine.resident else None


def lanes(
    stations: Sequence[Station],
    contended: Collection[str],
    sent: Mapping[str, Sequence[Parcel]],
) -> list[Lane]:
    """One for each station, but one together for those at a place (`Station.names`) where not all
    fit at once. `sent` is by station."""
    grouped: dict[str, list[Station]] = {}
    for station in stations:
        shared = any(name in contended for name in station.names)
        grouped.setdefault(", ".join(station.names) if shared else station.name, []).append(station)
    return [
        Lane(
            name,
            {station.family.name: station for station in group},
            [parcel for station in group for parcel in sent.get(station.name, ())],
        )
        for name, group in grouped.items()
    ]
