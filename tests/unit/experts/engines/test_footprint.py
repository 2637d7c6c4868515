from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.footprint import (
    GIB,
    Demand,
    Footprint,
    footprint,
    gib,
    kv_bytes_per_token,
    misfit,
    number_type,
    too_long,
    unlike,
    weights_bytes,
)
from experts.engines.weights import Tensor

CONFIG = {
    "num_hidden_layers": 28,
    "hidden_size": 3584,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "max_position_embeddings": 32768,
    "dtype": "bfloat16",
}
DEMAND = Demand(dtype="auto", gpus=1, tensor_parallel=1, max_model_len=8192, max_tokens=512)
SMALL = Footprint(
    weights_bytes=4 * GIB,
    kv_bytes_per_token=GIB // 1024,
    context_tokens=1024,
    batch_tokens=2048,
    working_bytes=GIB,
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({}, 2 * 28 * 4 * 128 * 2, id="grouped queries"),
        pytest.param({"num_key_value_heads": None}, 2 * 28 * 28 * 128 * 2, id="all heads"),
        pytest.param({"head_dim": 64}, 2 * 28 * 4 * 64 * 2, id="heads of another size"),
        pytest.param({"kv_lora_rank": 512}, None, id="latent attention"),
        pytest.param({"num_attention_heads": None}, None, id="no attention"),
    ],
)
def test_the_cache_of_a_token_is_a_key_and_a_value_per_layer_and_head(config, expected):
    assert kv_bytes_per_token(CONFIG | config, 2) == expected
    assert (unlike(CONFIG | config) is None) == (expected is not None)


def test_other_names_of_the_same_numbers_are_understood():
    chatglm = {
        "num_layers": 40,
        "num_attention_heads": 32,
        "multi_query_group_num": 2,
        "kv_channels": 128,
    }
    assert kv_bytes_per_token(chatglm, 2) == 2 * 40 * 2 * 128 * 2


def test_a_model_for_images_too_is_measured_by_its_text_part():
    demand = replace(DEMAND, max_model_len=None)
    found = footprint({"text_config": CONFIG}, {}, demand)
    assert found.context_tokens == 32768
    assert found.kv_bytes_per_token == kv_bytes_per_token(CONFIG, 2)


@pytest.mark.parametrize(
    ("config", "dtype", "expected"),
    [
        pytest.param({"torch_dtype": "float32"}, "auto", "BF16", id="32 bits are halved"),
        pytest.param({"dtype": "float16"}, "auto", "F16", id="the model's own"),
        pytest.param({}, "auto", "BF16", id="not said"),
        pytest.param({"dtype": "bfloat16"}, "float32", "F32", id="the card's"),
    ],
)
def test_weights_are_loaded_as_the_card_says(config, dtype, expected):
    assert number_type(config, dtype) == expected


def test_weights_are_converted_but_quantized_ones_are_not():
    tensors = {"a": Tensor("F32", (4, 8)), "b": Tensor("I32", (4, 8)), "c": Tensor("BF16", ())}
    assert weights_bytes({}, tensors, "BF16") == 32 * 2 + 32 * 4 + 2


def test_a_head_that_is_tied_to_the_embeddings_costs_nothing():
    tensors = {name: Tensor("F32", (4,)) for name in ("embed.weight", "lm_head.weight")}
    assert weights_bytes({"tie_word_embeddings": True}, tensors, "F32") == 16
    assert weights_bytes({}, tensors, "F32") == 32


def test_adapters_cost_their_rank_on_every_matrix_of_the_layers():
    tensors = {
        "model.layers.0.q.weight": Tensor("BF16", (30, 70)),
        "model.layers.0.norm.weight": Tensor("BF16", (70,)),
        "model.embed.weight": Tensor("BF16", (900, 70)),
    }
    found = footprint(CONFIG, tensors, replace(DEMAND, lora_slots=3, lora_rank=8))
    assert found.adapter_bytes == 3 * 8 * (30 + 70) * 2


def test_what_an_engine_needs_is_one_context_to_start_and_more_for_a_batch():
    assert SMALL.kv_sequence_bytes == GIB
    assert SMALL.least_bytes == 6 * GIB
    assert SMALL.batch_bytes == 7 * GIB


@given(
    context=st.integers(16, 100_000),
    layers=st.integers(1, 80),
    tokens=st.integers(1, 10_000),
)
def test_more_of_anything_never_needs_less(context, layers, tokens):
    demand = replace(DEMAND, max_model_len=context, max_tokens=tokens)
    config = CONFIG | {"num_hidden_layers": layers}
    less = footprint(config, {}, demand)
    for more in (
        footprint(config, {}, replace(demand, max_model_len=context + 1)),
        footprint(config, {}, replace(demand, max_tokens=tokens + 1)),
        footprint(config | {"num_hidden_layers": layers + 1}, {}, demand),
    ):
        assert more.least_bytes >= less.least_bytes
        assert more.batch_bytes >= less.batch_bytes
    assert less.batch_bytes >= less.least_bytes


@pytest.mark.parametrize(
    ("demand", "gpu_gib", "fits"),
    [
        pytest.param(DEMAND, 6.0, False, id="too small by what is kept free"),
        pytest.param(DEMAND, 7.0, True, id="large enough"),
        pytest.param(replace(DEMAND, gpus=0.5), 7.0, False, id="half of one"),
        pytest.param(replace(DEMAND, tensor_parallel=2), 4.0, True, id="two of them"),
        pytest.param(DEMAND, None, True, id="not known"),
    ],
)
def test_whether_an_engine_fits_its_gpus(demand, gpu_gib, fits):
    why = misfit(SMALL, demand, gpu_gib=gpu_gib, cpu_gib=0.1)
    assert (why == "") == fits
    assert fits or "6.0 GiB to start" in why


def test_without_a_gpu_one_sequence_must_fit_the_cache():
    cpu = replace(DEMAND, gpus=0)
    assert misfit(SMALL, cpu, gpu_gib=1.0, cpu_gib=1.0) == ""
    assert "1024 tokens needs 1.0 GiB of KV cache" in misfit(SMALL, cpu, gpu_gib=None, cpu_gib=0.5)
    unknown = replace(SMALL, kv_bytes_per_token=None)
    assert misfit(unknown, cpu, gpu_gib=None, cpu_gib=0.5) == ""


@pytest.mark.parametrize(
    ("config", "length", "wrong"),
    [
        pytest.param({}, 32768, False, id="as long as the model's"),
        pytest.param({}, 32769, True, id="longer"),
        pytest.param({}, None, False, id="not asked for"),
        pytest.param({"rope_scaling": {"type": "yarn", "factor": 4}}, 90000, False, id="scaled"),
        pytest.param({"rope_parameters": {"rope_theta": 1e6}}, 90000, True, id="not scaled"),
    ],
)
def test_a_context_longer_than_the_model_was_made_for_is_refused(config, length, wrong):
    assert (too_long(CONFIG | config, length) is not None) == wrong


@pytest.mark.parametrize(("size", "text"), [(GIB, "1.0 GiB"), (2**20, "1.0 MiB"), (0, "0.0 MiB")])
def test_sizes_are_written_for_people(size, text):
    assert gib(size) == text
