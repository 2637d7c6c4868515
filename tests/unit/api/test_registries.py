"""The example registries: each is read and checked, with no network and no GPU."""

import json
import shutil
from pathlib import Path

import pytest

from api.cli.checks import checked
from api.settings import load_settings
from experts.engines.architectures import Supported
from tests.hubs import FakeHub
from tests.tiny_models import sketch

FOLDER = Path(__file__).parents[3] / "examples" / "registries"
KEYS = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none"}
SUPPORTED = Supported("1.0", frozenset({"QwenForCausalLM"}))
CONFIG = {
    "architectures": ["QwenForCausalLM"],
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "hidden_size": 3584,
    "max_position_embeddings": 32768,
}


@pytest.fixture
def settings_of(tmp_path):
    """Of a copy, with two adapters beside it, as a user would have them."""

    def settings_of(name):
        for topic in ("maths", "law"):
            lora = "base_model.model.layers.0.q"
            tensors = {f"{lora}.lora_A.weight": [8, 3584], f"{lora}.lora_B.weight": [64, 8]}
            folder = sketch(tmp_path / "adapters" / topic, {}, tensors=tensors)
            (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
            config = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q"]}
            (folder / "adapter_config.json").write_text(json.dumps(config))
        return load_settings(Path(shutil.copy(FOLDER / name, tmp_path / "convene.yaml")), KEYS)

    return settings_of


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_an_example_has_nothing_wrong_where_no_hub_can_be_reached(settings_of, path):
    settings = settings_of(path.name)
    report = checked(settings.experts, FakeHub(), SUPPORTED)
    assert [f.problems for f in report.experts] == [()] * len(settings.experts)
    assert report.works


def test_the_papers_pool_takes_turns_and_its_aggregator_costs_no_engine(settings_of):
    settings = settings_of("symbolic-moe.yaml")
    report = checked(settings.experts, FakeHub(), SUPPORTED)
    assert len(settings.panellists) == 14
    assert len(report.families) == 14
    assert ("r1-llama", "aggregator") in [family.experts for family in report.families]
    assert {family.gpus for family in report.families} == {1.0}
    for card in settings.experts.values():
        assert card.max_tokens < card.max_model_len


def test_adapters_merges_and_prompts_are_one_engine_without_a_swap(settings_of, tmp_path):
    base = sketch(tmp_path / "base", CONFIG, tensors={"layers.0.q.weight": [64, 3584]})
    (base / "tokenizer.json").write_text("{}")
    settings = settings_of("lora-family.yaml")
    hub = FakeHub(folders={"Qwen/Qwen2.5-7B-Instruct": base})
    report = checked(settings.experts, hub, SUPPORTED, gpu_gib=80)
    assert report.works
    [family] = report.families
    assert family.experts == tuple(settings.experts)
    assert (family.adapters, family.swaps, len(family.bases)) == (3, 0, 1)
    assert hub.asked == []
