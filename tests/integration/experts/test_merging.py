"""Merges of real peft adapters, against the sums they stand for."""

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from peft.utils.merge_utils import ties
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from experts.cards import Merge, VllmCard
from experts.engines.families import families
from experts.engines.merging import merged, with_merges
from experts.errors import RegistryError
from tests import tiny_models


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return tiny_models.llama(tmp_path_factory.mktemp("models") / "base", seed=1)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory, base) -> list[str]:
    folder = tmp_path_factory.mktemp("adapters")
    return [str(tiny_models.lora(folder / str(seed), base, seed=seed)) for seed in (2, 3)]


def deltas(folder, base) -> dict[str, torch.Tensor]:
    """What peft itself adds to each weight of the base."""
    plain = AutoModelForCausalLM.from_pretrained(base).state_dict()
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
    whole = adapted.merge_and_unload().state_dict()
    return {name: whole[name] - weight for name, weight in plain.items()}


def changed(updates):
    return {name: update for name, update in updates.items() if update.abs().max() > 0}


def test_a_linear_merge_adds_to_the_base_the_weighted_sum_of_the_updates(tmp_path, base, adapters):
    made = merged(Merge(adapters=dict(zip(adapters, (0.7, -0.4), strict=True))), tmp_path)
    first, second, both = (deltas(folder, base) for folder in (*adapters, made))
    assert len(changed(both)) == 4  # q and v of two layers
    for name, update in both.items():
        torch.testing.assert_close(update, 0.7 * first[name] - 0.4 * second[name])


def test_one_adapter_with_weight_one_is_itself(tmp_path, base, adapters):
    made = merged(Merge(adapters={adapters[0]: 1.0}), tmp_path)
    ours, theirs = deltas(made, base), deltas(adapters[0], base)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_ties_is_what_peft_makes_of_the_whole_updates_up_to_the_rank(tmp_path, base, adapters):
    weights = dict(zip(adapters, (0.6, 0.4), strict=True))
    made = merged(Merge(adapters=weights, method="ties", density=0.3), tmp_path)
    first, second, both = (deltas(folder, base) for folder in (*adapters, made))
    for name in changed(first):
        wanted = ties([first[name], second[name]], torch.tensor([0.6, 0.4]), 0.3)
        singular = torch.linalg.svdvals(wanted)
        rest = singular[16:].norm()  # the least error that rank 16 allows
        assert (both[name] - wanted).norm() <= 1.02 * rest


def test_dare_is_drawn_alike_every_time_and_keeps_the_sum_on_average(tmp_path, base, adapters):
    merge = Merge(adapters=dict.fromkeys(adapters, 0.5), method="dare_linear", density=0.9)
    one, two = merged(merge, tmp_path / "one"), merged(merge, tmp_path / "two")
    file = "adapter_model.safetensors"
    assert (one / file).read_bytes() == (two / file).read_bytes()
    first, second, both = (deltas(folder, base) for folder in (*adapters, one))
    for name, update in changed(both).items():
        plain = 0.5 * first[name] + 0.5 * second[name]
        alike = torch.nn.functional.cosine_similarity(update.flatten(), plain.flatten(), dim=0)
        assert 0.9 < alike < 0.999


def test_a_merged_file_has_factors_of_the_rank_its_config_says(tmp_path, adapters):
    made = merged(Merge(adapters=dict.fromkeys(adapters, 1.0), method="ties"), tmp_path)
    config = json.loads((made / "adapter_config.json").read_text())
    factors = load_file(made / "adapter_model.safetensors")
    ranks = {t.shape[0 if "lora_A" in name else 1] for name, t in factors.items()}
    assert (config["r"], ranks) == (16, {16})


def test_a_merge_that_was_made_is_not_made_again(tmp_path, adapters):
    merge = Merge(adapters=dict.fromkeys(adapters, 1.0))
    made = merged(merge, tmp_path)
    before = made.stat().st_mtime_ns
    assert merged(merge, tmp_path) == made
    assert made.stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == [made.name]  # and nothing half-made


def test_a_card_with_a_merge_becomes_one_with_an_adapter(tmp_path, base, adapters):
    card = {"kind": "vllm", "model": str(base), "merge": {"adapters": dict.fromkeys(adapters, 1)}}
    cards = {"ada": VllmCard(**card), "bob": VllmCard(kind="vllm", model=str(base))}
    [planned] = families(cards)
    ready = with_merges(cards, tmp_path)
    [family] = families(ready)
    assert ready["bob"] == cards["bob"]
    assert (family.lora_rank, len(family.adapters)) == (16, 1)
    assert (planned.lora_rank, len(planned.adapters)) == (16, 1)
    assert family.adapters == (ready["ada"].adapter,)


def test_a_merge_that_cannot_be_made_names_the_expert(tmp_path, base, adapters):
    merge = {"adapters": {adapters[0]: 1, str(base): 1}}
    card = VllmCard(kind="vllm", model=str(base), merge=merge)
    with pytest.raises(RegistryError, match=r"experts\.ada: .* no adapter_config\.json"):
        with_merges({"ada": card}, tmp_path)
