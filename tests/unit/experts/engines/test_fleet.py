import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experts.cards import Cluster
from experts.engines.costs import Started
from experts.engines.fleet import MOST_WAITING
from experts.engines.layout import Seat
from experts.engines.moving import BROKEN_SECONDS
from experts.engines.processes import Berth
from experts.engines.residency import State
from experts.engines.switching import BATCH_FACTOR
from experts.errors import BackendTimeout, BackendUnavailable, RegistryError
from experts.types import Priority
from tests.engines import GIB, Yard, a_fleet, family, fleet_with, request, station
from tests.virtual_time import in_virtual_time

A, B, C = family("a"), family("b"), family("c")
SECONDS = 600.0  # more than anything here takes


def now():
    return asyncio.get_running_loop().time()


async def use(fleet, name, seconds=1.0, *, within=SECONDS):
    """Holds an engine of the family for so long; returns when it got it."""
    async with fleet.hold(name, [request(f"{name}-base")], now() + within) as engine:
        held = now()
        assert engine.family == name
        await asyncio.sleep(seconds)
    return held


def states(fleet):
    return {station.family.name: str(station.state) for station in fleet.stations}


@in_virtual_time
async def test_what_fits_at_once_is_awake_from_the_beginning_pinned_engines_first():
    yard = Yard()
    pinned = family("c", pinned=True)
    async with fleet_with(yard, station(A), station(B), station(pinned), gib=2) as (fleet, _):
        assert states(fleet) == {"a": "awake", "b": "stopped", "c": "awake"}
        assert sorted(yard.log) == ["start a", "start c"]


@in_virtual_time
async def test_an_engine_that_does_not_start_at_the_beginning_is_an_error_that_says_why():
    yard = Yard(broken={"b": "no such weights"})
    with pytest.raises(RegistryError, match=r"experts\.b's expert: .*no such weights"):
        async with fleet_with(yard, station(A), station(B)):
            pytest.fail("it began")
    assert all(engine.died.is_set() for engine in yard.engines)


@in_virtual_time
async def test_what_does_not_fit_is_started_when_it_is_asked_for_and_an_idle_one_stops():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        await use(fleet, "b")
        assert states(fleet) == {"a": "stopped", "b": "awake"}
    assert yard.log[:3] == ["start a", "kill a", "start b"]


@in_virtual_time
async def test_engines_on_a_gpu_sleep_meanwhile_and_wake_again():
    yard = Yard()
    two = [station(family(name, gpus=1.0), gpus="0") for name in "ab"]
    async with fleet_with(yard, *two) as (fleet, _):
        await use(fleet, "b")
        assert states(fleet) == {"a": "asleep", "b": "awake"}
        await use(fleet, "a")
        assert states(fleet) == {"a": "awake", "b": "asleep"}
    assert yard.log[:5] == ["start a", "sleep a", "start b", "sleep b", "wake a"]


@in_virtual_time
async def test_of_two_idle_engines_the_one_that_is_used_less_makes_room():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), station(C), gib=2) as (fleet, _):
        await use(fleet, "a")
        await use(fleet, "c")
        assert states(fleet) == {"a": "awake", "b": "stopped", "c": "awake"}


@in_virtual_time
async def test_an_engine_at_work_is_not_put_away():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1, max_wait=SECONDS) as (fleet, _):
        working = asyncio.create_task(use(fleet, "a", 60.0))
        await asyncio.sleep(1)
        started = now()
        assert await use(fleet, "b") - started >= 59
        assert not working.cancelled()
        await working


@in_virtual_time
async def test_a_pinned_engine_is_not_put_away_and_what_needs_its_place_is_refused_saying_so():
    yard = Yard()
    pinned = station(family("a", pinned=True))
    async with fleet_with(yard, pinned, station(B), gib=1) as (fleet, _):
        with pytest.raises(BackendUnavailable, match=r"a/0 \(pinned\)"):
            await use(fleet, "b")
        assert states(fleet) == {"a": "awake", "b": "stopped"}


@in_virtual_time
async def test_who_waits_too_long_gets_the_place_of_who_is_always_at_work():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):

        async def always():
            while True:
                async with asyncio.TaskGroup() as group:  # there is never a moment without work
                    group.create_task(use(fleet, "a", 2.0))
                    await asyncio.sleep(1.0)
                    group.create_task(use(fleet, "a", 2.0))

        working = asyncio.create_task(always())
        await asyncio.sleep(30)
        start = fleet.costs(fleet.stations[1]).start
        came = now()
        waited = await use(fleet, "b") - came
        assert waited < 3 * start + 2.0 + yard.start + 1.0
        came = now()
        served = await use(fleet, "a")  # and whoever made room has its turn again
        assert served - came < 60
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@pytest.mark.parametrize("priority", Priority, ids=str)
@in_virtual_time
async def test_batch_work_makes_others_drain_later_than_people_do(priority):
    yard = Yard()
    max_wait = 10.0
    async with fleet_with(yard, station(A), station(B), gib=1, max_wait=max_wait) as (fleet, _):

        async def always():
            async with asyncio.TaskGroup() as group:
                for _ in range(300):
                    group.create_task(use(fleet, "a", 2.0))
                    await asyncio.sleep(1.0)

        working = asyncio.create_task(always())
        await asyncio.sleep(150)
        came = now()
        async with fleet.hold("b", [request("b-base", priority)], came + SECONDS):
            waited = now() - came
        assert (waited > BATCH_FACTOR * max_wait) is (priority is Priority.BATCH)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@in_virtual_time
async def test_two_that_want_one_place_at_once_are_both_served():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), station(C), gib=1) as (fleet, _):
        await asyncio.gather(use(fleet, "b"), use(fleet, "c"))
    starts = [line for line in yard.log if line.startswith("start")]
    assert starts == ["start a", "start b", "start c"]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 60), st.floats(0.1, 5)), max_size=40),
    st.booleans(),
)
@in_virtual_time
async def test_everybody_is_served_and_no_device_bears_two(calls, on_gpu):
    yard = Yard()
    gpus = {"gpus": 1.0} if on_gpu else {}
    three = [station(family(name, **gpus), gpus="0" if on_gpu else "") for name in "abc"]
    async with fleet_with(yard, *three, gib=1) as (fleet, _):

        async def call(name, after, seconds):
            await asyncio.sleep(after)
            came = now()
            async with fleet.hold(name, [request(f"{name}-base")], now() + SECONDS) as engine:
                waited = now() - came
                awake = [e for e in yard.engines if e.family and not (e.died.is_set() or e.asleep)]
                assert awake == [engine]
                await asyncio.sleep(seconds)
                assert not engine.died.is_set()
            return waited

        waits = await asyncio.gather(*(call(*each) for each in calls))
        start = max(fleet.costs(each).start for each in three)
        # A turn of each of the others, its last calls, and the switch.
        assert max(waits, default=0.0) < 3 * (3 * start + 5.0 + yard.start + 2 * yard.move) + 5.0


@in_virtual_time
async def test_calls_that_need_the_same_engine_share_one_start():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        await asyncio.gather(*(use(fleet, "b") for _ in range(5)))
    assert yard.log.count("start b") == 1


@in_virtual_time
async def test_a_call_that_is_cancelled_while_it_waits_starts_nothing():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        working = asyncio.create_task(use(fleet, "a", 30.0))
        waiting = asyncio.create_task(use(fleet, "b"))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        await working
        await asyncio.sleep(60)
        assert states(fleet) == {"a": "awake", "b": "stopped"}
        assert not fleet.of("b")[0].waiters
    assert "start b" not in yard.log


@in_virtual_time
async def test_a_start_that_fails_says_why_and_what_made_room_for_it_comes_back():
    yard = Yard(broken={"b": "no such weights"})
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        told = await asyncio.gather(*(use(fleet, "b") for _ in range(2)), return_exceptions=True)
        assert [type(error) for error in told] == [BackendUnavailable] * 2
        assert {str(error) for error in told} == {"no such weights"}
        await asyncio.sleep(yard.start + 1)
        assert states(fleet) == {"a": "awake", "b": "stopped"}
        await use(fleet, "a")


@in_virtual_time
async def test_what_did_not_start_is_refused_at_once_for_a_while_and_then_tried_again():
    yard = Yard(broken={"b": "no such weights"})
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        for _ in range(2):
            with pytest.raises(BackendUnavailable):
                await use(fleet, "b")
        assert yard.log.count("start b") == 1
        await asyncio.sleep(BROKEN_SECONDS)
        yard.broken.clear()
        await use(fleet, "b")
        assert states(fleet) == {"a": "stopped", "b": "awake"}


@in_virtual_time
async def test_a_replica_that_does_not_start_is_passed_over():
    yard = Yard()
    two = [station(A, 0), station(A, 1), station(B)]
    async with fleet_with(yard, *two, gib=1) as (fleet, _):
        await use(fleet, "b")
        fleet.give_up(two[0], "broken for a test")
        await use(fleet, "a")
        assert two[1].state is State.AWAKE


@in_virtual_time
async def test_an_engine_that_dies_is_replaced_though_nobody_asks():
    yard = Yard()
    async with fleet_with(yard, station(A)) as (fleet, _):
        yard.alive("a").died.set()
        await asyncio.sleep(0.1)
        [status] = await fleet.statuses("a")
        assert (status.up, status.restarts, status.state) == (False, 1, "starting")
        await asyncio.sleep(yard.start)
        [status] = await fleet.statuses("a")
        assert (status.up, status.restarts, status.state) == (True, 1, "awake")


@in_virtual_time
async def test_a_dead_engine_is_handed_to_nobody():
    yard = Yard()
    async with fleet_with(yard, station(A)) as (fleet, _):
        await use(fleet, "a")
        first = yard.alive("a")
        first.died.set()  # and nobody had the time to notice
        async with fleet.hold("a", [request("a-base")], now() + SECONDS) as engine:
            assert engine is not first


@in_virtual_time
async def test_an_engine_that_died_does_not_push_out_who_took_its_place():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        waiting = asyncio.create_task(use(fleet, "b", 30.0))
        yard.alive("a").died.set()
        await waiting
        await asyncio.sleep(60)
        assert states(fleet) == {"a": "stopped", "b": "awake"}
        [status] = await fleet.statuses("a")
        assert status.up  # as well as one that was put away


@in_virtual_time
async def test_a_deadline_that_passes_meanwhile_tells_what_a_start_takes():
    yard = Yard(start=50.0)
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        start = fleet.costs(fleet.of("b")[0]).start
        with pytest.raises(BackendTimeout, match=f"about {start:.2g} s") as raised:
            await use(fleet, "b", within=10.0)
        assert raised.value.retry_after == pytest.approx(start)


@in_virtual_time
async def test_only_so_many_prompts_wait_for_an_engine():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), gib=1) as (fleet, _):
        many = [request("b-base")] * MOST_WAITING

        async def ask():
            async with fleet.hold("b", many, now() + SECONDS):
                pass

        first = asyncio.create_task(ask())
        await asyncio.sleep(1)
        with pytest.raises(BackendUnavailable, match="ask again later") as raised:
            await use(fleet, "b")
        assert raised.value.retry_after
        await first


@in_virtual_time
async def test_closing_ends_every_process_also_those_on_their_way():
    yard = Yard()
    async with fleet_with(yard, station(A), station(B), station(C), gib=2) as (fleet, _):
        waiting = asyncio.create_task(use(fleet, "c"))
        await asyncio.sleep(2)
        assert states(fleet)["c"] == "starting"
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    assert len(yard.engines) == 3
    assert all(engine.died.is_set() for engine in yard.engines)


@in_virtual_time
async def test_what_engines_learn_is_believed_and_a_bug_in_that_harms_nobody():
    yard = Yard(bugs={"learned"})
    async with fleet_with(yard, station(A)) as (fleet, _):
        before = fleet.costs(fleet.stations[0]).start
        await asyncio.sleep(60)
        yard.bugs.clear()
        yard.alive("a").happened = [Started(before * 3)] * 5
        await asyncio.sleep(10)
        assert fleet.costs(fleet.stations[0]).start > 1.5 * before


@in_virtual_time
async def test_an_engine_whose_machine_is_lost_starts_where_it_is_settled():
    yard = Yard()
    one = station(A)
    async with fleet_with(yard, one) as (fleet, _):
        fleet.strand(one)
        await asyncio.sleep(1)
        assert (states(fleet), one.names) == ({"a": "stopped"}, ())
        waiting = asyncio.create_task(use(fleet, "a"))
        await asyncio.sleep(1)
        fleet.settle(one, Seat("a", 0, "other"), Berth("other"))
        await waiting
        assert one.names == ("CPU of other",)


@in_virtual_time
async def test_an_engine_without_any_place_is_refused_saying_why():
    yard = Yard()
    one = station(A)
    async with fleet_with(yard, one) as (fleet, _):
        fleet.strand(one)
        waiting = asyncio.create_task(use(fleet, "a"))
        await asyncio.sleep(1)
        fleet.give_up(one, "its machine was lost")
        with pytest.raises(BackendUnavailable, match="its machine was lost"):
            await waiting


async def test_devices_on_which_not_all_fit_are_contended():
    two = [station(A, gpus="0"), station(B, gpus="1")]
    fleet = await a_fleet(Yard(), two, Cluster())
    assert fleet.contended == frozenset()
    gpu = [station(family(name, gpus=1.0), gpus="0") for name in "ab"]
    fleet = await a_fleet(Yard(), gpu, Cluster())
    assert fleet.contended == {"GPU 0 of node"}
    assert gpu[0].size == int(0.9 * 80 * GIB)
