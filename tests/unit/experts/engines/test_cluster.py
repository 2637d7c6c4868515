from dataclasses import replace

import pytest

from experts.engines.cluster import environment, threads_each
from experts.engines.families import Family

FAMILY = Family(
    name="small",
    experts=("alice",),
    bases=("someone/model",),
    adapters=(),
    lora_rank=0,
    tokenizer="someone/model",
    dtype="auto",
    tensor_parallel=1,
    gpus=0,
    max_model_len=None,
    memory_gib=1.0,
)


@pytest.mark.parametrize(
    ("cores", "engines", "expected"), [(1, 1, 1), (2, 1, 1), (2, 4, 1), (16, 1, 15), (16, 4, 3)]
)
def test_engines_share_all_cores_but_one(cores, engines, expected):
    assert threads_each(engines, cores) == expected


def test_an_engine_on_cpu_has_its_threads_and_sees_no_gpu():
    variables = environment(FAMILY, 3)
    assert (variables["OMP_NUM_THREADS"], variables["CUDA_VISIBLE_DEVICES"]) == ("3", "")


def test_an_engine_on_gpu_keeps_what_ray_gives_it():
    variables = environment(replace(FAMILY, gpus=1), 3)
    assert not {"OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"} & set(variables)


def test_only_an_engine_of_local_folders_is_kept_off_the_hub(tmp_path):
    here = replace(FAMILY, bases=(str(tmp_path),), tokenizer=str(tmp_path))
    assert "HF_HUB_OFFLINE" not in environment(FAMILY, 1)
    assert environment(here, 1)["HF_HUB_OFFLINE"] == "1"
