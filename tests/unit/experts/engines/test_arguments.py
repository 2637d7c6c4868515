import pytest

from experts.engines.arguments import CPU_BATCH, GPU_BATCH, GPU_SHARE, batch_of, engine_arguments
from tests.engines import GIB, family


def arguments(sleeps=False, **changes):
    return engine_arguments(family("f", **changes), "someone/model", sleeps=sleeps)


def test_on_cpu_the_cache_has_its_size_and_nothing_is_compiled():
    asked = arguments(memory_gib=1.5)
    assert (asked["model"], asked["tokenizer"]) == ("someone/model", "someone/model")
    assert asked["kv_cache_memory_bytes"] == 1.5 * GIB
    assert asked["enforce_eager"] is True
    assert not {"gpu_memory_utilization", "enable_sleep_mode"} & set(asked)


@pytest.mark.parametrize(("gpus", "share"), [(1.0, 1.0), (0.5, 0.5), (2.0, 1.0)])
def test_on_a_gpu_it_takes_its_share_and_leaves_a_rest(gpus, share):
    asked = arguments(gpus=gpus)
    assert asked["gpu_memory_utilization"] == GPU_SHARE * share
    assert not {"enforce_eager", "kv_cache_memory_bytes"} & set(asked)


@pytest.mark.parametrize("sleeps", [True, False])
def test_only_who_shares_a_gpu_can_sleep(sleeps):
    assert arguments(sleeps, gpus=1.0)["enable_sleep_mode"] is sleeps


def test_workers_of_one_engine_are_processes_of_its_actor():
    assert arguments(gpus=1.0, tensor_parallel=2)["distributed_executor_backend"] == "mp"
    assert "distributed_executor_backend" not in arguments(gpus=1.0)


@pytest.mark.parametrize(("gpus", "adapters", "at_once"), [(0.0, 2, 3), (1.0, 2, 2), (1.0, 20, 8)])
def test_adapters_ride_together_as_far_as_there_are_places(gpus, adapters, at_once):
    asked = arguments(gpus=gpus, adapters=tuple(map(str, range(adapters))), lora_rank=16)
    assert (asked["enable_lora"], asked["max_loras"]) == (True, at_once)
    assert (asked["max_cpu_loras"], asked["max_lora_rank"]) == (adapters + 1, 16)


def test_without_adapters_there_is_no_place_for_any():
    assert "enable_lora" not in arguments()


def test_gpus_work_on_more_at_once():
    assert batch_of(family("f")) == arguments()["max_num_seqs"] == CPU_BATCH
    assert batch_of(family("f", gpus=1.0)) == arguments(gpus=1.0)["max_num_seqs"] == GPU_BATCH
