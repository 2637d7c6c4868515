"""Hands batch work to the engines in the order that `schedule` plans, a little ahead of need.

Interactive calls do not come through here. Batch calls wait here rather than in an engine's line,
so that the plan can still change.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from experts.engines.client import DEATHS, EngineDied
from experts.engines.fleet import Fleet
from experts.engines.generation import Outcome, Request
from experts.engines.lanes import Lane, Parcel, lanes, planned
from experts.engines.scheduling.plan import schedule
from experts.engines.scheduling.work import Costs, Group, Plan
from experts.engines.station import Station
from experts.errors import BackendUnavailable

logger = logging.getLogger(__name__)

LEAST_PART = 16  # prompts that are worth a change of weights on another engine
AWAKE_SECONDS = 1_800.0  # that a batch waits for an engine that others keep from waking
MOST_WAITING = 200_000  # prompts
LONGEST_TURN = 600.0  # seconds after which a call that waits lets no younger one by
GATHER_SECONDS = 0.01  # in which all calls of a round come, so that they are planned together


@dataclass(slots=True, eq=False)
class Call(Parcel):
    """A parcel, and who waits for it."""

    seconds: float = 60.0  # that an engine may take for it, once it is its turn
    outcomes: "asyncio.Future[list[Outcome]]" = field(default_factory=asyncio.Future)
    deaths: int = 0  # of engines that had it
    since: float = 0.0  # when it came, on the event loop's clock


class Dispatcher:
    """Owned by one event loop."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._waiting: dict[Call, None] = {}  # in their order
        self._prompts = 0  # of those
        self._sent: dict[str, list[Call]] = {}  # by station
        self._sending: set[asyncio.Task[None]] = set()
        self._soon: asyncio.TimerHandle | None = None

    async def ask(self, family: str, requests: Sequence[Request], seconds: float) -> list[Outcome]:
        """One outcome per request, all for one base; the deadline of `seconds` begins when an
        engine is free for them. Raises `BackendUnavailable`."""
        if self._prompts + len(requests) > MOST_WAITING:
            raise BackendUnavailable(
                f"{self._prompts} prompts of batches wait already; ask again later"
            )
        now = asyncio.get_running_loop().time()
        call = Call(family, requests, seconds, since=now)
        self._wait(call)
        self._pump_soon()
        try:
            return await call.outcomes
        finally:
            call.outcomes.cancel()  # does nothing once there are some
            self._leave(call)

    async def aclose(self) -> None:
        for call in [*self._waiting, *chain.from_iterable(self._sent.values())]:
            _settle(call, BackendUnavailable("the engines are being stopped"))
            self._leave(call)
        sending = list(self._sending)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        if self._soon is not None:
            self._soon.cancel()

    def _wait(self, call: Call) -> None:
        if not call.outcomes.done():
            self._waiting[call] = None
            self._prompts += call.prompts

    def _leave(self, call: Call) -> None:
        if call in self._waiting:
            del self._waiting[call]
            self._prompts -= call.prompts

    def _pump_soon(self) -> None:
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._pump)

    def _pump(self) -> None:
        self._soon = None
        try:
            self._send_what_may_go()
        except Exception as error:  # a bug here must not leave everybody waiting
            logger.exception("batch work was not sent", extra={"action": "dispatch_failed"})
            for call in list(self._waiting):
                _settle(call, error)
                self._leave(call)

    def _send_what_may_go(self) -> None:
        self._join()
        while self._waiting and any(not lane.full for lane in self._lanes()):
            if not self._follows(self._plan()):
                return
        if not self._waiting:
            for station in self._fleet.stations:
                station.next_use = None

    def _join(self) -> None:
        """Sends what is of a base that an engine has already, where that pays."""
        waiting = Counter[str]()
        for call in self._next:
            waiting[call.base] += call.prompts
        joined = {base for lane in self._lanes() for base in lane.joinable(waiting)}
        for call in [call for call in self._next if call.base in joined]:
            lanes = [lane for lane in self._lanes() if call.base in lane.bases]
            if call.base in joined and not any(self._sends(call, lane) for lane in lanes):
                joined.remove(call.base)  # nor does what came after it fit

    @property
    def _next(self) -> list[Call]:
        """What may be sent: everything that waits, but nothing else while a call has waited so
        long that others must have taken its turn again and again."""
        overdue = asyncio.get_running_loop().time() - LONGEST_TURN
        return [call for call in self._waiting if call.since < overdue] or list(self._waiting)

    def _lanes(self) -> list[Lane]:
        return lanes(self._fleet.stations, self._fleet.contended, self._sent)

    def _follows(self, plan: Plan) -> bool:
        """Whether anything went that the plan has next."""
        went = False
        for lane in self._lanes():
            steps = plan.lanes[lane.name].steps
            _tell_uses(lane, [step.family for step in steps])
            left = steps[0].prompts if steps else 0
            for call in [c for c in self._next if steps and c.weights == steps[0].base]:
                if left <= 0 or not self._sends(call, lane):
                    break
                left -= call.prompts
                went = True
        return went

    def _sends(self, call: Call, lane: Lane) -> bool:
        """Whether the lane takes the call, which is then on its way."""
        (lane,) = [each for each in self._lanes() if each.name == lane.name]
        if call.family not in lane.stations or not lane.takes(call):
            return False
        station = lane.stations[call.family]
        before = sum(parcel.seconds for parcel in lane.sent if isinstance(parcel, Call))
        self._leave(call)
        self._sent.setdefault(station.name, []).append(call)
        task = asyncio.create_task(self._send(call, station, before), name="send a batch")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        call.outcomes.add_done_callback(lambda done: task.cancel() if done.cancelled() else None)
        return True

    async def _send(self, call: Call, station: Station, before: float) -> None:
        now = asyncio.get_running_loop().time
        try:
            async with self._fleet.hold_at(station, call.requests, now() + AWAKE_SECONDS) as engine:
                outcomes = await engine.ask(call.requests, now() + before + call.seconds)
            _settle(call, outcomes)
        except EngineDied as error:
            call.deaths += 1
            if call.deaths > DEATHS:
                _settle(call, error)
            else:
                logger.warning("asking again", extra={"action": "asked_again", "why": str(error)})
                self._wait(call)
        except Exception as error:  # noqa: BLE001 - it is raised where the call waits
            _settle(call, error)
        finally:
            self._sent[station.name].remove(call)
            self._pump_soon()

    def _plan(self) -> Plan:
        prompts: Counter[tuple[str, str]] = Counter()
        for call in self._next:
            prompts[call.family, call.base] += call.prompts
        groups = [
            Group(
                planned(family, base),
                family,
                number,
                self._seconds(family, base, number),
                LEAST_PART,
            )
            for (family, base), number in prompts.items()
        ]
        sites = [lane.site(self._ahead(lane)) for lane in self._lanes()]
        return schedule(groups, sites, self._costs(groups))

    def _costs(self, groups: Sequence[Group]) -> Costs:
        of = {family: self._fleet.of(family)[0] for family in {g.family for g in groups}}
        believed = {family: self._fleet.costs(station) for family, station in of.items()}
        size = {group.base: of[group.family].weights for group in groups}
        return Costs(
            start={family: costs.start for family, costs in believed.items()},
            wake={family: costs.wake for family, costs in believed.items()},
            swap={g.base: believed[g.family].swap(size[g.base]) for g in groups},
            read={g.base: believed[g.family].read(size[g.base]) for g in groups},
        )

    def _seconds(self, family: str, base: str, prompts: int) -> float:
        station = self._fleet.of(family)[0]
        costs = self._fleet.costs(station)
        lengths = costs.lengths_of(base)
        return costs.generation(prompts, lengths.prompt, lengths.reply, station.batch)

    def _ahead(self, lane: Lane) -> float:
        """Seconds of what was sent and is not answered, at most: some of it is done."""
        return sum(self._seconds(p.family, p.base, p.prompts) for p in lane.sent)


def _tell_uses(lane: Lane, families: Sequence[str]) -> None:
    """When each engine of the lane is used next, for whoever must put one to sleep."""
    order = list(dict.fromkeys(families))
    for family, station in lane.stations.items():
        station.next_use = order.index(family) if family in order else None


def _settle(call: Call, result: list[Outcome] | Exception) -> None:
    if call.outcomes.done():
        return
    if isinstance(result, Exception):
        call.outcomes.set_exception(result)
    else:
        call.outcomes.set_result(result)
