import asyncio

import pytest

from experts.engines.dispatch import MOST_WAITING, Dispatcher
from experts.engines.lanes import AHEAD_PROMPTS
from experts.errors import BackendRejected, BackendUnavailable
from experts.types import Priority
from tests.engines import Yard, family, fleet_with, request, said, station
from tests.virtual_time import in_virtual_time

MANY = family("m", "x", "y", "z")


async def ask(dispatcher, name, base, prompts=1, seconds=60.0):
    requests = [request(base, Priority.BATCH)] * prompts
    return await dispatcher.ask(name, requests, seconds)


def asked(yard):
    return [line.removeprefix("ask ") for line in yard.log if line.startswith("ask ")]


def runs(bases):
    """Without repetitions."""
    return [base for base, before in zip(bases, [None, *bases], strict=False) if base != before]


@in_virtual_time
async def test_each_prompt_has_its_outcome():
    yard = Yard()
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        assert await ask(dispatcher, "m", "x", 3) == [said("x")] * 3


@in_virtual_time
async def test_calls_for_one_base_go_together_and_no_base_is_left_and_come_back_to():
    yard = Yard()
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        calls = [ask(dispatcher, "m", base, 20) for base in "xyzxyzxyz"]
        await asyncio.gather(*calls)
    assert len(asked(yard)) == 9
    assert len(runs(asked(yard))) == 3


@in_virtual_time
async def test_the_base_that_is_resident_comes_first():
    yard = Yard()
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        yard.alive("m").resident = "z"
        await asyncio.gather(*(ask(dispatcher, "m", base, 20) for base in "xyz"))
    assert asked(yard)[0] == "z"


@in_virtual_time
async def test_an_engine_has_two_bases_at_most_ahead_of_it():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        calls = asyncio.gather(*(ask(dispatcher, "m", base, 20) for base in "xyz"))
        await asyncio.sleep(5)
        assert len(set(asked(yard))) == 2
        await calls
    assert set(asked(yard)) == set("xyz")


@in_virtual_time
async def test_an_engine_has_only_so_many_prompts_ahead_of_it():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        calls = asyncio.gather(*(ask(dispatcher, "m", "x", 400) for _ in range(5)))
        await asyncio.sleep(5)
        assert sum(yard.alive("m").sent.values()) == AHEAD_PROMPTS // 400 * 400
        assert len(await calls) == 5


@in_virtual_time
async def test_a_stream_of_calls_for_two_bases_does_not_keep_a_third_waiting_for_ever():
    yard = Yard(reply=10.0)

    async def stream(dispatcher, base):
        while True:
            await ask(dispatcher, "m", base, 20)

    async with fleet_with(yard, station(MANY)) as (_, dispatcher), asyncio.timeout(5_000):
        busy = [asyncio.create_task(stream(dispatcher, base)) for base in "xyxy"]
        await asyncio.sleep(5)
        assert await ask(dispatcher, "m", "z") == [said("z")]
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


@in_virtual_time
async def test_families_that_share_a_place_run_one_after_the_other():
    yard = Yard(reply=5.0)
    two = [station(family(name), 0) for name in "ab"]
    async with fleet_with(yard, *two, gib=1) as (_, dispatcher):
        await asyncio.gather(*(ask(dispatcher, n, f"{n}-base", 400) for n in "ababababab"))
    assert runs(asked(yard)) == ["a-base", "b-base"]
    assert [line for line in yard.log if line.startswith("start")] == ["start a", "start b"]


@in_virtual_time
async def test_two_families_may_have_the_same_base():
    yard = Yard()
    two = station(family("a", "x")), station(family("b", "x", pinned=True))
    async with fleet_with(yard, *two) as (_, dispatcher):
        names = "aabb"
        assert await asyncio.gather(*(ask(dispatcher, name, "x", 20) for name in names)) == [
            *([said("x")] * 20 for _ in names)
        ]
    assert [len(yard.of(name)[0].asked) for name in "ab"] == [2, 2]


@in_virtual_time
async def test_a_replica_takes_a_part_of_many_prompts():
    yard = Yard(reply=5.0)
    async with fleet_with(yard, station(MANY, 0), station(MANY, 1)) as (_, dispatcher):
        await asyncio.gather(*(ask(dispatcher, "m", "x", 400) for _ in range(6)))
    assert sorted(len(engine.asked) for engine in yard.engines) == [3, 3]


@in_virtual_time
async def test_a_call_that_is_cancelled_before_its_turn_is_never_sent():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        calls = [asyncio.create_task(ask(dispatcher, "m", base, 20)) for base in "xyz"]
        await asyncio.sleep(5)
        [late] = set("xyz") - set(asked(yard))
        calls["xyz".index(late)].cancel()
        await asyncio.wait(calls)
    assert late not in asked(yard)


@in_virtual_time
async def test_a_call_that_is_cancelled_after_it_was_sent_frees_its_engine_for_the_next():
    yard = Yard(reply=1_000.0)
    async with fleet_with(yard, station(MANY)) as (fleet, dispatcher):
        first = asyncio.create_task(ask(dispatcher, "m", "x", AHEAD_PROMPTS))
        await asyncio.sleep(5)
        second = asyncio.create_task(ask(dispatcher, "m", "x", 5))
        await asyncio.sleep(5)
        assert len(asked(yard)) == 1
        first.cancel()
        await asyncio.sleep(5)
        assert len(asked(yard)) == 2
        assert fleet.stations[0].busy == 5
        second.cancel()
        await asyncio.wait([first, second])
        assert fleet.stations[0].busy == 0
        assert not yard.alive("m").sent.total()


@in_virtual_time
async def test_what_a_dead_engine_had_another_answers():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        calls = asyncio.gather(*(ask(dispatcher, "m", base, 20) for base in "xxyz"))
        await asyncio.sleep(5)
        yard.alive("m").died.set()
        assert await calls == [[said(base)] * 20 for base in "xxyz"]
    assert len(yard.engines) == 2


@in_virtual_time
async def test_prompts_that_three_engines_died_of_are_given_up():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        call = asyncio.create_task(ask(dispatcher, "m", "x"))
        while not call.done():
            await asyncio.sleep(1)
            if engines := [e for e in yard.engines if e.asked and not e.died.is_set()]:
                engines[0].died.set()
        with pytest.raises(BackendUnavailable, match="gone"):
            await call
    assert sum(bool(engine.asked) for engine in yard.engines) == 3


@pytest.mark.parametrize(
    "error", [BackendRejected("no"), ValueError("a bug")], ids=["refused", "a bug"]
)
@in_virtual_time
async def test_what_asking_raises_is_raised_to_who_asked_and_the_rest_goes_on(error):
    yard = Yard(error=error)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        told = await asyncio.gather(
            *(ask(dispatcher, "m", base) for base in "xyz"), return_exceptions=True
        )
        assert told == [error] * 3
        yard.error = None
        assert await ask(dispatcher, "m", "x") == [said("x")]


@in_virtual_time
async def test_what_cannot_be_planned_fails_instead_of_waiting_for_ever():
    yard = Yard()
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        with pytest.raises(IndexError):
            await ask(dispatcher, "nobody", "x")
        assert await ask(dispatcher, "m", "x") == [said("x")]


@in_virtual_time
async def test_a_family_that_does_not_start_fails_its_own_calls():
    yard = Yard(broken={"b": "no such weights"})
    two = [station(family(name)) for name in "ab"]
    async with fleet_with(yard, *two, gib=1) as (_, dispatcher):
        good, bad = await asyncio.gather(
            *(ask(dispatcher, name, f"{name}-base") for name in "ab"), return_exceptions=True
        )
    assert good == [said("a-base")]
    assert (type(bad), str(bad)) == (BackendUnavailable, "no such weights")


@in_virtual_time
async def test_the_deadline_begins_when_it_is_a_calls_turn():
    yard = Yard(reply=50.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        calls = [ask(dispatcher, "m", base, AHEAD_PROMPTS, seconds=60.0) for base in "xyz"]
        assert len(await asyncio.gather(*calls)) == 3


@in_virtual_time
async def test_only_so_many_prompts_wait_and_those_that_left_do_not_count():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (_, dispatcher):
        first = asyncio.create_task(ask(dispatcher, "m", "x", AHEAD_PROMPTS))
        await asyncio.sleep(1)
        for _ in range(2):
            many = asyncio.create_task(ask(dispatcher, "m", "x", MOST_WAITING))
            await asyncio.sleep(1)
            with pytest.raises(BackendUnavailable, match=f"{MOST_WAITING} prompts .* wait already"):
                await ask(dispatcher, "m", "x")
            many.cancel()
            await asyncio.wait([many])
        await first


@in_virtual_time
async def test_engines_know_when_they_are_used_next_while_a_batch_runs():
    yard = Yard(reply=5.0)
    a, b = (station(family(name)) for name in "ab")
    async with fleet_with(yard, a, b, gib=1) as (_, dispatcher):
        calls = asyncio.gather(*(ask(dispatcher, name, f"{name}-base", 20) for name in "ab"))
        await asyncio.sleep(1)
        assert b.next_use == 0
        await calls
        assert (a.next_use, b.next_use) == (None, None)


@in_virtual_time
async def test_closing_tells_everybody_who_still_waits():
    yard = Yard(reply=10.0)
    async with fleet_with(yard, station(MANY)) as (fleet, _):
        dispatcher = Dispatcher(fleet)
        calls = [asyncio.create_task(ask(dispatcher, "m", base)) for base in "xyz"]
        await asyncio.sleep(1)
        await dispatcher.aclose()
        told = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in told] == [BackendUnavailable] * 3
    assert len(asked(yard)) == 2
