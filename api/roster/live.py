"""What is running by now, and how it becomes what is wanted: the next world is built beside it.

A world is one set of settings with everything that follows from them. The next one takes over every
expert whose card is the same, with its connections, and opens the others; then requests that come
go there. What is in flight ends in the world it began in; when that is over, or after `drain`
seconds, whatever no world uses is closed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from api.knowledge import Knowledge, Subject, subject
from api.roster.changes import merged
from api.roster.errors import BadCard, Needed, Taken, UnknownExpert
from api.roster.flights import Counted
from api.roster.held import Held
from api.roster.posted import Posted, amended, with_posted
from api.roster.store import RosterStore
from api.running import Running
from api.settings import Settings
from api.telemetry.reloads import Reloaded
from experts.base import Expert
from experts.cards import Card
from experts.errors import RegistryError
from orchestrator.telemetry import Observer, unobserved

logger = logging.getLogger(__name__)
DRAINING = 120.0  # seconds that calls in flight have to finish
GRACE = 2.0  # seconds in which a request that was let in reaches the service it was let in to
Experts = Mapping[str, Expert]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What worlds are made of and by."""

    opened: Callable[[Mapping[str, Card]], AbstractAsyncContextManager[Experts]]
    learned: Callable[[Settings], Awaitable[Knowledge]]
    assembled: Callable[[Settings, Experts, Knowledge], Awaitable[Running]]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One set of settings at work."""

    settings: Settings
    experts: Experts
    holders: Mapping[str, Held[Experts]]  # by expert; local engines are not ours to close
    running: Running
    calls: Counted


@dataclass(slots=True, eq=False)
class Live:
    """The worlds: one that answers, and those that are ending. Changes come one at a time."""

    workshop: Workshop
    store: RosterStore
    file: Settings  # what the registry file said when it was taken over last
    knowledge: Knowledge
    subject: Subject  # what the knowledge is about
    observer: Observer = unobserved
    drain: float = DRAINING
    grace: float = GRACE
    world: World = field(init=False)
    ending: list[World] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, engines: Experts) -> None:
        """The first world, around local engines that are open already."""
        settings, left_out = with_posted(self.file, await self.store.all())
        _tell_of(left_out)
        fresh = {name: card for name, card in settings.experts.items() if name not in engines}
        self.world = await self._built(settings, engines, {}, fresh, self.knowledge)

    @property
    def running(self) -> Running:
        return self.world.running

    @property
    def draining(self) -> dict[str, Card]:
        """Experts that are asked nothing new, and are not closed yet."""
        now = set(map(id, self.world.experts.values()))
        return {
            name: world.settings.experts[name]
            for world in self.ending
            for name, expert in world.experts.items()
            if id(expert) not in now
        }

    async def change(self, wanted: Settings | None = None) -> None:
        """Follows the registry file, if it changed to `wanted`, and what was posted, and tells what
        came of it. What is wrong is raised, and nothing is changed."""
        async with self._changing:
            change = merged(self.file, wanted) if wanted else None
            file = change.settings if change else self.file
            settings, left_out = with_posted(file, await self.store.all())
            _tell_of(left_out)
            about = await asyncio.to_thread(subject, file) if change else self.subject
            knowledge = self.knowledge
            if about != self.subject:
                knowledge = await self.workshop.learned(file)
            turned = (settings, about) != (self.world.settings, self.subject)
            if turned:
                await self._turn(settings, knowledge)
            self.file, self.knowledge, self.subject = file, knowledge, about
        restart = change.restart if change else ()
        if turned or restart:
            self._tell(restart)

    async def admit(self, posted: Posted) -> None:
        """Takes in an expert that was posted. Raises `BadCard`, `Taken` or `RosterAway`."""
        if posted.name in self.world.settings.experts:
            raise Taken(posted.name)
        card = posted.card
        amended(self.world.settings, {**self.world.settings.experts, posted.name: card})
        try:
            async with self.workshop.opened({posted.name: card}):
                pass  # others open it too, and it is kept only if it can be
        except RegistryError as error:
            raise BadCard("card", str(error)) from error
        await self.store.add(posted)
        await self.change()

    async def dismiss(self, name: str) -> None:
        """Lets an expert go that was posted. Raises `UnknownExpert`, `Needed` or `RosterAway`."""
        experts = self.world.settings.experts
        if needing := [other for other, card in experts.items() if name in card.fallback]:
            raise Needed(name, needing)
        if not await self.store.remove(name):
            raise UnknownExpert(name, experts)
        await self.change()

    async def close(self) -> None:
        """Closes everything that is open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _closed({*_holders([self.world, *self.ending])})

    def _tell(self, restart: tuple[str, ...]) -> None:
        experts = tuple(self.world.settings.experts)
        listed = ",".join(experts)
        logger.info("the experts are %s", listed, extra={"action": "reloaded", "experts": listed})
        if restart:
            keys = ", ".join(restart)
            extra = {"action": "restart_needed", "keys": keys}
            logger.warning("restart to have what else changed: %s", keys, extra=extra)
        self.observer(Reloaded("partly" if restart else "applied", experts))

    async def _turn(self, settings: Settings, knowledge: Knowledge) -> None:
        old = self.world
        kept = {
            name: old.experts[name]
            for name, card in settings.experts.items()
            if old.settings.experts.get(name) == card
        }
        fresh = {name: card for name, card in settings.experts.items() if name not in kept}
        self.world = await self._built(settings, kept, old.holders, fresh, knowledge)
        self.ending.append(old)
        task = asyncio.create_task(self._ended(old), name="let the world before end")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _built(
        self,
        settings: Settings,
        kept: Experts,
        holders: Mapping[str, Held[Experts]],
        fresh: Mapping[str, Card],
        knowledge: Knowledge,
    ) -> World:
        opened: dict[str, Held[Experts]] = {}
        experts = dict(kept)
        if fresh:
            held = await Held.open(self.workshop.opened(fresh), "hold experts open")
            opened = dict.fromkeys(fresh, held)
            experts |= held.value
        try:
            running = await self.workshop.assembled(
                settings, {name: experts[name] for name in settings.experts}, knowledge
            )
        except BaseException:
            await _closed(opened.values())
            raise
        calls = Counted(running.service)
        theirs = {name: holders[name] for name in kept if name in holders}
        running = replace(running, service=calls, live=self)
        return World(settings, experts, theirs | opened, running, calls)

    async def _ended(self, world: World) -> None:
        await asyncio.sleep(self.grace)
        try:
            async with asyncio.timeout(self.drain):
                await world.calls.idle.wait()
        except TimeoutError:
            logger.warning(
                "calls to experts that left are cut short", extra={"action": "drain_ended"}
            )
        self.ending.remove(world)
        unused = {*_holders([world])} - {*_holders([self.world, *self.ending])}
        await _closed(unused)


def described(card: Card) -> dict[str, Any]:
    """What may be told of a card: all that it says, but no key."""
    told = card.model_dump(mode="json", exclude_defaults=True, exclude={"api_key"})
    return {"kind": card.kind, **told}


def _holders(worlds: Iterable[World]) -> Iterable[Held[Experts]]:
    return (holder for world in worlds for holder in world.holders.values())


async def _closed(holders: Iterable[Held[Experts]]) -> None:
    await asyncio.gather(*(holder.close() for holder in set(holders)))


def _tell_of(left_out: Mapping[str, str]) -> None:
    for name, reason in left_out.items():
        extra = {"action": "expert_left_out", "experts": name, "reason": reason}
        logger.error("the posted expert %s is left out: %s", name, reason, extra=extra)
