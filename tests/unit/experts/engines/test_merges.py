import json
import shutil

import pytest

from experts.cards import Merge
from experts.engines.merges import (
    identified,
    key_of,
    merged_config,
    rank_of_merge,
    scale_of,
    sources_of,
)
from tests.tiny_models import sketch

MODULE = "base_model.model.model.layers.0.q"
LORA = {
    "peft_type": "LORA",
    "r": 8,
    "lora_alpha": 16,
    "target_modules": ["q"],
    "base_model_name_or_path": "org/base",
}


@pytest.fixture
def adapter(tmp_path):
    def adapter(name, *, tensors=None, weights=True, inner=4, **config):
        shapes = {f"{MODULE}.lora_A.weight": [8, inner], f"{MODULE}.lora_B.weight": [6, 8]}
        folder = sketch(tmp_path / name, {}, tensors=(tensors or shapes) if weights else None)
        if weights:
            (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps(LORA | config))
        return str(folder)

    return adapter


def merge(*adapters, **options):
    return Merge(adapters={name: 0.5 + place for place, name in enumerate(adapters)}, **options)


def test_the_rank_of_a_merge_is_the_sum_of_the_ranks(adapter):
    two = merge(adapter("a"), adapter("b"))
    assert rank_of_merge(two, "org/base", bases=()) == 16
    three = merge(adapter("a"), adapter("b"), adapter("c"))
    assert rank_of_merge(three, "org/base", bases=()) == 32  # the next that an engine can have
    assert merged_config(sources_of(three))["r"] == 24


def test_what_scaled_the_updates_is_no_more_in_the_merged_config(adapter):
    options = {"alpha_pattern": {"q": 64}, "rank_pattern": {"v": 4}, "use_rslora": True}
    config = merged_config(sources_of(merge(adapter("a", **options), adapter("b", **options))))
    assert scale_of(config, f"{MODULE}") == 1.0
    assert scale_of(config, "model.layers.0.v") == 1.0
    assert config["rank_pattern"] == {"v": 8}
    assert config["target_modules"] == ["q"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({}, 2.0, id="alpha over rank"),
        pytest.param({"use_rslora": True, "r": 16}, 4.0, id="rank-stabilised"),
        pytest.param({"alpha_pattern": {"layers.0.q": 4}}, 0.5, id="a module's own alpha"),
        pytest.param({"rank_pattern": {"^model.layers.0.q": 2}}, 8.0, id="from the start"),
        pytest.param({"rank_pattern": {"k": 2, "other.q": 2}}, 2.0, id="another module's"),
    ],
)
def test_an_update_is_scaled_as_peft_scales_it(config, expected):
    assert scale_of(LORA | config, MODULE) == expected


@pytest.mark.parametrize(
    ("other", "why"),
    [
        pytest.param({"r": 4}, "ranks differ: r is 8 and 4", id="rank"),
        pytest.param({"rank_pattern": {"q": 4}}, "rank_pattern is {} and", id="rank of a module"),
        pytest.param({"target_modules": ["v"]}, "target_modules are q and v", id="targets"),
        pytest.param({"base_model_name_or_path": "org/x"}, "trained on org/base", id="base"),
        pytest.param({"inner": 5}, r"lora_A.weight is \[8, 4\] and \[8, 5\]", id="base's shape"),
    ],
)
def test_adapters_that_do_not_fit_are_refused_and_both_are_named(adapter, other, why):
    one, two = adapter("a"), adapter("b", **other)
    with pytest.raises(ValueError, match=why) as refused:
        sources_of(merge(one, two))
    assert one in str(refused.value)
    assert two in str(refused.value)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param({"peft_type": "IA3"}, "is a IA3 adapter", id="kind"),
        pytest.param({"use_dora": True}, "has use_dora", id="what no engine serves"),
        pytest.param({"weights": False}, "has no adapter_model.safetensors", id="no weights"),
        pytest.param({"init_lora_weights": "pissa"}, "it started from pissa", id="start"),
        pytest.param({"tensors": {"x.weight": [1]}}, "x.weight is no part of", id="more than LoRA"),
        pytest.param({"tensors": {"x.lora_A.weight": [1, 1]}}, "without its lora_B", id="half"),
    ],
)
def test_an_adapter_that_cannot_be_merged_is_named(adapter, options, why):
    with pytest.raises(ValueError, match=rf"/b (cannot be merged: )?.*{why}"):
        sources_of(merge(adapter("a"), adapter("b", **options)))


def test_an_adapter_that_is_not_here_is_to_be_downloaded(adapter):
    with pytest.raises(ValueError, match="hf download org/lora"):
        rank_of_merge(merge(adapter("a"), "org/lora"), "org/base", bases=())


def test_a_merge_must_fit_the_base_it_rides_on(adapter, tmp_path):
    base = sketch(tmp_path / "base", {}, tensors={"model.layers.0.q.weight": [6, 5]})
    with pytest.raises(ValueError, match="does not fit"):
        rank_of_merge(merge(adapter("a"), adapter("b")), str(base), bases=())


def test_more_rank_than_an_engine_serves_is_refused(adapter):
    large = [adapter(name, r=300) for name in "ab"]
    with pytest.raises(ValueError, match="rank 600"):
        sources_of(merge(*large))


def key(merge):
    return key_of(merge, identified(sources_of(merge)))


def test_a_merge_is_named_by_its_content_alone(adapter, tmp_path):
    one, two = adapter("a"), adapter("b", lora_alpha=8)
    moved = str(shutil.copytree(two, tmp_path / "moved"))
    name = key(Merge(adapters={one: 0.5, two: 1.5}))
    assert key(Merge(adapters={moved: 1.5, one: 0.5})) == name
    assert key(Merge(adapters={one: 0.5, two: 1.5}, density=0.1)) == name  # linear has no density


def test_whatever_changes_a_merge_changes_its_name(adapter):
    one, two, other = adapter("a"), adapter("b", lora_alpha=8), adapter("c", lora_alpha=9)
    names = {
        key(Merge(adapters={one: 0.5, two: 1.5})),
        key(Merge(adapters={one: 1.5, two: 0.5})),
        key(Merge(adapters={one: 0.5, other: 1.5})),
        key(Merge(adapters={one: 0.5, two: 1.5}, method="ties")),
        key(Merge(adapters={one: 0.5, two: 1.5}, method="ties", density=0.1)),
        key(Merge(adapters={one: 0.5, two: 1.5}, method="dare_linear")),
    }
    assert len(names) == 6
