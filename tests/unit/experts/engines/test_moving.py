"""What a fleet's mover does when moves go wrong; `test_fleet` has what goes well."""

import asyncio

from experts.engines.moving import BROKEN_SECONDS
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
async def test_a_process_that_ends_as_an_engine_starts_is_told_to_who_waits():
    yard = Yard(start=20.0)
    async with fleet_with(yard, station(family("a")), station(family("b")), gib=1) as (fleet, _):
        await asyncio.sleep(60)
        waiting = asyncio.create_task(use(fleet, "b"))
        await asyncio.sleep(5)
        assert fleet.of("b")[0].state is State.STARTING
        yard.alive("b").died.set()
        [error] = await asyncio.gather(waiting, return_exceptions=True)
        assert "process ended" in str(error)
        assert fleet.of("b")[0].state is State.STOPPED


@in_virtual_time
async def test_a_machine_that_is_lost_while_room_is_made_there_is_told_to_who_waits():
    yard = Yard(move=10.0)
    a, b = sharing("a", "b")
    async with fleet_with(yard, a, b) as (fleet, _):
        waiting = asyncio.create_task(use(fleet, "b"))
        await asyncio.sleep(5)
        fleet.strand(a)
        fleet.strand(b)
        [error] = await asyncio.gather(waiting, return_exceptions=True)
        assert "machine was lost" in str(error)


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
