import asyncio

import pytest

from experts.cards import Cluster
from experts.engines.footing import Footing
from experts.engines.residency import State
from experts.engines.station import ASLEEP_BYTES, Waiter
from experts.types import Priority
from tests.engines import GIB, FakeEngine, Yard, family, station

A = family("a", "x", "y")


def costs(of):
    return Footing(Cluster(), {}, [of]).prior(of)


def test_it_is_named_by_family_and_replica():
    assert station(A, 3).name == "a/3"


def test_on_cpu_it_takes_its_weights_and_its_cache():
    one = station(family("a", memory_gib=2.5))
    one.weights = GIB
    assert one.size == 3.5 * GIB


@pytest.mark.parametrize(("gpus", "share"), [(1.0, 0.9), (0.5, 0.45), (2.0, 0.9)])
def test_on_a_gpu_it_takes_its_share_of_that(gpus, share):
    assert station(family("a", gpus=gpus), gpus="0").size == int(share * 80 * GIB)


def test_the_longest_waiting_call_says_what_a_new_engine_holds():
    one = station(A)
    assert (one.oldest, one.base) == (None, "x")
    with one.waiting(Waiter("y", 1, 5.0)), one.waiting(Waiter("x", 1, 6.0)):
        assert (one.oldest.arrived, one.base) == (5.0, "y")
    assert (one.oldest, one.base) == (None, "x")


def test_batch_work_counts_as_if_it_had_come_later():
    one = station(A)
    assert one.waiting_since(100.0) is None
    with one.waiting(Waiter("x", 1, 5.0, Priority.BATCH)):
        assert one.waiting_since(100.0) == 105.0
        with one.waiting(Waiter("x", 1, 50.0)):
            assert one.waiting_since(100.0) == 50.0


def test_its_load_is_what_was_sent_and_what_waits():
    one = station(A)
    assert one.load.up is False
    one.state, one.engine = State.AWAKE, FakeEngine(Yard(), resident="x")
    one.engine.sent.update({"y": 3, "z": 0})
    with one.waiting(Waiter("y", 2, 5.0)):
        assert (one.load.bases, one.load.prompts, one.load.up) == ({"x", "y"}, 5, True)


@pytest.mark.parametrize(
    ("family_", "level"), [(family("a", "x"), 1), (A, 2)], ids=["one base", "several"]
)
def test_who_changes_weights_anyway_drops_them_when_it_sleeps_and_loads_them_when_it_wakes(
    family_, level
):
    one = station(family_)
    one.weights = 10 * GIB
    known = costs(one)
    occupant = one.occupant(known)
    assert one.level == level
    assert occupant.host_bytes == (one.weights if level == 1 else 0)
    swap = known.swap(one.weights) if level == 2 else 0.0
    assert occupant.wake == pytest.approx(known.wake + swap)


def test_only_engines_on_gpus_sleep():
    on_gpu, on_cpu = station(family("a", gpus=1.0), gpus="0"), station(A)
    asleep = [
        (o.can_sleep, o.asleep_bytes) for o in (x.occupant(costs(x)) for x in (on_gpu, on_cpu))
    ]
    assert asleep == [(True, ASLEEP_BYTES), (False, 0)]


def busy(one):
    return one.occupant(costs(one)).busy


def test_it_is_busy_while_it_works_or_moves_or_has_not_served_those_it_was_woken_for():
    one = station(A)
    one.became(State.AWAKE, 10.0)
    assert not busy(one)
    one.busy = 1
    assert busy(one)
    one.busy, one.moving = 0, True
    assert busy(one)
    one.became(State.AWAKE, 20.0)
    assert not busy(one)
    with one.waiting(Waiter("x", 1, 15.0)):
        assert busy(one)
        one.used(20.0)
        assert not busy(one)


async def test_calls_are_let_in_while_it_is_open_and_its_engine_lives():
    one = station(A)
    one.engine = FakeEngine(Yard())
    assert one.ready is None
    one.open = True
    assert one.ready is one.engine
    one.engine.died.set()
    assert one.ready is None


def test_what_is_broken_is_refused_for_a_while():
    one = station(A)
    assert one.refusal(0.0) is None
    one.broken = (10.0, "why")
    assert (one.refusal(9.9), one.refusal(10.0)) == ("why", None)


async def test_everybody_who_waits_is_stirred_and_nobody_who_comes_later():
    one = station(A)
    waiting = [asyncio.create_task(one.stirred()) for _ in range(2)]
    await asyncio.sleep(0)
    one.stir()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    later = asyncio.create_task(one.stirred())
    await asyncio.sleep(0)
    assert not later.done()
    one.stir()
    await later
