"""What a fleet's mover does when moves go wrong; `test_fleet` has what goes well."""

import asyncio

import pytest

from experts.engines.moving import BROKEN_SECONDS, TRIES
from experts.engines.residency import State
from experts.errors import BackendUnavailable
from tests.engines import Yard, family, fleet_with, request, station
from tests.virtual_time import in_virtual_time


def now():
    return asyncio.get_running_loop().time()


async def use(fleet, name, seconds=1.0):
    async with fleet.hold(name, [request(f"{name}-base")], now() + 600.0):
        await asyncio.sleep(seconds)


def sharing(*names):
    """Engines that take turns on one GPU."""
    return [station(family(name, gpus=1.0), gpus="0") for name in names]


@in_virtual_time
async def test_every_start_but_the_first_finds_a_warm_process():
    yard = Yard()
    three = [station(family(name)) for name in "abc"]
    async with fleet_with(yard, *three, gib=1) as (fleet, _):
        for name in "bcabc":
            await asyncio.sleep(60)
            await use(fleet, name)
    assert yard.starts_warm == [False, True, True, True, True, True]


@in_virtual_time
async def test_no_process_is_kept_warm_where_everything_fits():
    yard = Yard()
    async with fleet_with(yard, station(family("a")), station(family("b")), gib=2):
        assert len(yard.engines) == 2


@in_virtual_time
async def test_an_engine_that_does_not_wake_is_started_anew():
    yard = Yard(sleepless={"a"})
    async with fleet_with(yard, *sharing("a", "b")) as (fleet, _):
        await use(fleet, "b")
        await use(fleet, "a")
        assert [str(each.state) for each in fleet.stations] == ["awake", "asleep"]
    assert [line for line in yard.log if line.endswith(" a")][:5] == [
        *("start a", "sleep a", "wake a", "kill a", "start a")
    ]


@in_virtual_time
async def test_an_engine_that_dies_in_its_sleep_is_started_when_it_is_asked_for():
    yard = Yard()
    async with fleet_with(yard, *sharing("a", "b")) as (fleet, _):
        await use(fleet, "b")
        yard.alive("a").died.set()
        await asyncio.sleep(60)
        assert [str(each.state) for each in fleet.stations] == ["stopped", "awake"]
        await use(fleet, "a")
    assert yard.log.count("start a") == 2


@in_virtual_time
async def test_an_engine_that_dies_as_it_falls_asleep_still_makes_room():
    yard = Yard(move=10.0)
    async with fleet_with(yard, *sharing("a", "b")) as (fleet, _):
        waiting = asyncio.create_task(use(fleet, "b"))
        await asyncio.sleep(5)
        yard.alive("a").died.set()
        await waiting
        assert [str(each.state) for each in fleet.stations] == ["stopped", "awake"]


@in_virtual_time
@pytest.mark.parametrize("deaths", [1, TRIES - 1])
async def test_an_engine_whose_process_ends_as_it_starts_is_started_in_another(deaths):
    yard = Yard(start=20.0)
    async with fleet_with(yard, station(family("a")), station(family("b")), gib=1) as (fleet, _):
        await asyncio.sleep(60)
        waiting = asyncio.create_task(use(fleet, "b"))
        for _ in range(deaths):
            await asyncio.sleep(5)
            assert fleet.of("b")[0].state is State.STARTING
            yard.alive("b").died.set()
        await waiting


@in_virtual_time
async def test_processes_that_end_again_and_again_are_told_to_who_waits():
    yard = Yard(start=20.0)
    async with fleet_with(yard, station(family("a")), station(family("b")), gib=1) as (fleet, _):
        await asyncio.sleep(60)
        waiting = asyncio.create_task(use(fleet, "b"))
        for _ in range(TRIES):
            await asyncio.sleep(5)
            yard.alive("b").died.set()
        [error] = await asyncio.gather(waiting, return_exceptions=True)
        assert "process ended" in str(error)
        assert fleet.of("b")[0].state is State.STOPPED


@in_virtual_time
async def test_a_base_that_no_engine_starts_with_is_refused_and_the_others_are_served():
    yard = Yard(torn={"torn"})
    both = family("b", "fine", "torn")
    async with fleet_with(yard, station(family("a")), station(both), gib=1) as (fleet, _):

        async def asked(base):
            async with fleet.hold("b", [request(base)], now() + 600.0) as engine:
                return engine.resident

        torn, fine = await asyncio.gather(asked("torn"), asked("fine"), return_exceptions=True)
    assert "no engine starts with torn" in str(torn)
    assert fine == "fine"


@in_virtual_time
@pytest.mark.parametrize("place", [station(family("b", gpus=1.0), node="another", gpus="0"), None])
async def test_who_waits_while_a_machine_is_lost_is_served_on_another_or_told(place):
    yard = Yard(move=10.0)
    a, b = sharing("a", "b")
    async with fleet_with(yard, a, b) as (fleet, _):
        waiting = asyncio.create_task(use(fleet, "b"))
        await asyncio.sleep(5)
        fleet.strand(a)
        fleet.strand(b)
        await asyncio.sleep(30)
        if place:
            fleet.settle(b, place.seat, place.berth)
        else:
            fleet.give_up(b, "its machine was lost")
        [found] = await asyncio.gather(waiting, return_exceptions=True)
    assert found is None if place else "machine was lost" in str(found)


@in_virtual_time
async def test_what_is_on_its_way_has_a_status():
    yard = Yard()
    async with fleet_with(yard, *sharing("a", "b")) as (fleet, _):
        waiting = asyncio.create_task(use(fleet, "b"))
        told = {}
        while not waiting.done():
            for name in "ab":
                [status] = await fleet.statuses(name)
                told.setdefault(name, []).append(status.state)
            await asyncio.sleep(0.5)
        await waiting
    assert list(dict.fromkeys(told["b"])) == ["stopped", "starting", "awake"]
    assert list(dict.fromkeys(told["a"])) == ["awake", "asleep"]


@in_virtual_time
async def test_a_bug_as_an_engine_starts_is_told_to_who_waits_and_others_go_on():
    yard = Yard()
    async with fleet_with(yard, station(family("a")), station(family("b")), gib=1) as (fleet, _):
        yard.bugs.add("start")
        [error] = await asyncio.gather(use(fleet, "b"), return_exceptions=True)
        assert (type(error), str(error)) == (BackendUnavailable, "a bug")
        yard.bugs.clear()
        await asyncio.sleep(BROKEN_SECONDS)
        await use(fleet, "a")
        await use(fleet, "b")


@in_virtual_time
async def test_an_engine_that_does_not_fall_asleep_is_stopped():
    yard = Yard(bugs={"sleep"})
    async with fleet_with(yard, *sharing("a", "b")) as (fleet, _):
        await use(fleet, "b")
        assert [str(each.state) for each in fleet.stations] == ["stopped", "awake"]
        await use(fleet, "a")
