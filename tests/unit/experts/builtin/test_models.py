import json

import pytest
from safetensors import safe_open

from experts.builtin import MODELS
from experts.builtin.curriculum import NAMES
from experts.builtin.tokenizer import load


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_complete_small_and_described(name):
    folder = MODELS / name
    assert {"README.md", "config.json", "generation_config.json", "model.safetensors"} == {
        path.name for path in folder.iterdir()
    }
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        tensors = [weights.get_tensor(key) for key in weights.keys()]  # noqa: SIM118  # no mapping
    assert sum(tensor.numel() for tensor in tensors) <= 1_500_000
    card = (folder / "README.md").read_text()
    assert f"python -m experts.builtin.train {name}" in card
    assert "Apache-2.0" in card
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == 1


def test_all_models_have_one_shape_that_fits_the_tokenizer():
    configs = [json.loads((MODELS / name / "config.json").read_text()) for name in NAMES]
    assert all(config == configs[0] for config in configs)
    assert configs[0]["vocab_size"] == len(load())


def test_all_weights_together_are_at_most_20_mb():
    assert sum(path.stat().st_size for path in MODELS.rglob("*.safetensors")) <= 20_000_000
