"""Before anything has run, costs have the right order of magnitude."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.engines.costs import STEP_TOKENS
from experts.engines.priors import CPU, GPUS, Size, costs_before, device_of

A100, H100, H200 = GPUS["a100"], GPUS["h100"], GPUS["h200"]
SMALL = costs_before(Size(5_639_000_000, 2_819_000_000), H200, {})
TINY = costs_before(Size(4_000_000, 1_000_000), CPU, {})


def bf16(parameters, tensor_parallel=1):
    return Size(int(2 * parameters), int(parameters), tensor_parallel)


def within(factor, value, published):
    return published / factor <= value <= published * factor


@pytest.mark.parametrize(
    ("told", "published"),
    [
        # vLLM's blog of 2025-10-26 on sleep mode, level 1 on an A100.
        pytest.param(costs_before(bf16(0.6e9), A100, {}).wake, 0.26, id="Qwen3-0.6B wakes"),
        pytest.param(costs_before(bf16(4.15e9), A100, {}).wake, 0.82, id="Phi-3-vision wakes"),
        pytest.param(costs_before(bf16(0.6e9), A100, {}).start, 48.0, id="Qwen3-0.6B restarts"),
        # ServerlessLLM's figures, H100: from host memory, and from NVMe.
        pytest.param(costs_before(bf16(8e9), H100, {}).swap(16 * 10**9), 0.7, id="8B cached"),
        pytest.param(costs_before(bf16(8e9), H100, {}).read(16 * 10**9), 4.4, id="8B from disk"),
        pytest.param(costs_before(bf16(33e9), H100, {}).swap(66 * 10**9), 1.3, id="32B cached"),
        pytest.param(costs_before(bf16(33e9), H100, {}).read(66 * 10**9), 20.6, id="32B from disk"),
        # One reply at a time, a 7B model in bfloat16 on an H100: about 120 tokens a second.
        pytest.param(1 / costs_before(bf16(7.6e9), H100, {}).step(1), 120.0, id="7B decodes"),
        pytest.param(costs_before(bf16(7.6e9), H100, {}).start, 40.0, id="7B starts"),
        # benchmarks/results/swaps.md: a model of 3 billion parameters on an H200.
        pytest.param(SMALL.start, 18.8, id="3B starts"),
        pytest.param(SMALL.swap(5_639_000_000), 0.163, id="3B swaps"),
        pytest.param(SMALL.wake, 0.53 - 0.163, id="3B wakes"),  # without the swap after level 2
        pytest.param(SMALL.step(1), 0.0026, id="3B writes one reply"),
        pytest.param(SMALL.step(256), 0.0071, id="3B writes 256 replies"),
        # Convene's own built-in models on two cores.
        pytest.param(TINY.start, 4.5, id="1M starts"),
        pytest.param(TINY.swap(4_000_000), 0.01, id="1M swaps"),
        pytest.param(TINY.step(1), 0.002, id="1M steps"),
    ],
)
def test_costs_are_within_a_factor_of_three_of_what_was_measured(told, published):
    assert within(3, told, published)


@pytest.mark.parametrize("device", [CPU, *GPUS.values()], ids=lambda device: device.kind)
@given(st.floats(1e6, 1e12), st.sampled_from([1, 2, 4, 8]))
def test_waking_is_cheaper_than_starting_and_more_devices_are_faster(device, parameters, many):
    one, split = (costs_before(bf16(parameters, n), device, {}) for n in (1, many))
    assert one.wake < one.start
    for told in (lambda c: c.wake, lambda c: c.step(8), lambda c: c.swap(int(2 * parameters))):
        assert told(split) <= told(one) * (1 + 1e-9)


def test_eight_bit_weights_are_faster_than_sixteen():
    eight, sixteen = (costs_before(Size(n * 10**9, 10**9), H100, {}) for n in (1, 2))
    assert eight.step(1) < sixteen.step(1)
    assert 1.5 * eight.step(STEP_TOKENS) < sixteen.step(STEP_TOKENS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (None, "cpu"),
        ("cpu", "cpu"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("A100-40G", "a100"),
        ("NVIDIA A10G", "a10"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA L4", "l4"),
        ("Tesla T4", "t4"),
        ("NVIDIA GH200 480GB", "gh200"),
        ("NVIDIA GeForce RTX 4090", "4090"),
        ("NVIDIA H20", "nvidia-h20"),
    ],
)
def test_a_device_is_known_by_its_name(name, kind):
    assert device_of(name).kind == kind


def test_an_unknown_gpu_is_taken_for_a_slow_one():
    unknown = device_of("Acme Turbo 9000")
    assert unknown.bandwidth == min(gpu.bandwidth for gpu in GPUS.values())
    assert unknown.flops == min(gpu.flops for gpu in GPUS.values())


def test_a_reply_is_expected_to_take_a_quarter_of_what_its_card_allows():
    costs = costs_before(bf16(1e9), H100, {"ada": 400, "ben": 1})
    assert costs.lengths_of("ada").reply == 100
    assert costs.lengths_of("ben").reply == 1
