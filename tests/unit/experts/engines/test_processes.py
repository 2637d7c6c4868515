import asyncio

import pytest

from experts.engines.processes import Berth, Processes, environment
from tests.engines import Yard
from tests.virtual_time import in_virtual_time

BERTH = Berth("node")


@in_virtual_time
async def test_without_a_spare_a_new_process_is_handed_out():
    yard = Yard()
    assert await Processes(yard.spawn).take(BERTH) is yard.engines[0]


@in_virtual_time
async def test_a_spare_is_handed_out_once_it_is_warm_and_only_once():
    yard = Yard()
    processes = Processes(yard.spawn)
    processes.keep(BERTH)
    spare = await processes.take(BERTH)
    assert spare in yard.warmed
    assert await processes.take(BERTH) is not spare
    await processes.aclose()


@in_virtual_time
async def test_one_spare_is_kept_for_each_berth():
    yard = Yard()
    processes = Processes(yard.spawn)
    for berth in (BERTH, BERTH, Berth("other")):
        processes.keep(berth)
    assert len(yard.engines) == 2
    await processes.aclose()


@in_virtual_time
async def test_a_dead_spare_is_not_handed_out():
    yard = Yard()
    processes = Processes(yard.spawn)
    processes.keep(BERTH)
    yard.engines[0].died.set()
    assert not (await processes.take(BERTH)).died.is_set()


@in_virtual_time
async def test_a_spare_that_does_not_get_warm_is_forgotten_and_another_can_be_kept():
    yard = Yard()
    processes = Processes(yard.spawn)
    processes.keep(BERTH)
    yard.engines[0].died.set()
    await asyncio.sleep(1)
    processes.keep(BERTH)
    assert len(yard.engines) == 2
    assert await processes.take(BERTH) is yard.engines[1]


@in_virtual_time
async def test_closing_ends_the_spares_also_those_that_are_not_warm_yet():
    yard = Yard()
    processes = Processes(yard.spawn)
    processes.keep(BERTH)
    await processes.aclose()
    assert yard.engines[0].died.is_set()


def test_an_engine_on_cpu_has_its_threads_and_sees_no_gpu():
    variables = environment(BERTH, 3, offline=False)
    assert (variables["OMP_NUM_THREADS"], variables["CUDA_VISIBLE_DEVICES"]) == ("3", "")


def test_an_engine_on_gpus_sees_those_of_its_berth_alone():
    variables = environment(Berth("node", ("2", "5")), 3, offline=False)
    assert variables["CUDA_VISIBLE_DEVICES"] == "2,5"
    assert "OMP_NUM_THREADS" not in variables


@pytest.mark.parametrize("offline", [True, False])
def test_only_engines_that_need_no_hub_are_kept_off_it(offline):
    variables = environment(BERTH, 1, offline=offline)
    assert ("HF_HUB_OFFLINE" in variables, "TRANSFORMERS_OFFLINE" in variables) == (offline,) * 2


def test_berths_are_named_by_what_budgets_are_of():
    assert BERTH.names == ("CPU of node",)
    assert Berth("0123456789", ("2", "5")).names == ("GPU 2 of 01234567", "GPU 5 of 01234567")
    assert Berth("0123456789").host == "memory of 01234567"
