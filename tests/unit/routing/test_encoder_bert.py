"""Which models onnxruntime runs, told by a folder's files alone."""

import json
import struct

import numpy as np
import pytest

from routing.encoder import SentenceEncoder
from routing.encoder.bert import Bert, Unfit, bert_in, tensors
from routing.encoder.graph import rounded_to_8_bits

CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 32,
}
MODULES = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]


def saved(folder, *, modules=MODULES, pooling=None, config=None, dtype="F32", without=None):
    """A folder that says what a model's would, without its weights."""
    listed = [{"path": path, "type": f"sentence_transformers.models.{k}"} for path, k in modules]
    write(folder / "modules.json", listed)
    write(folder / "1_Pooling" / "config.json", pooling or {"pooling_mode": "mean"})
    write(folder / "config.json", CONFIG | (config or {}))
    write(folder / "tokenizer.json", {})
    header = {name: {"dtype": dtype} for name in tensors(1) if name != without}
    raw = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw)
    return folder


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), "utf-8")


@pytest.mark.parametrize(
    ("pooling", "mode"),
    [
        ({"pooling_mode": "mean"}, "mean"),
        ({"pooling_mode": "cls", "include_prompt": True}, "cls"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls"),
    ],
    ids=str,
)
def test_a_bert_is_known_by_its_files(tmp_path, pooling, mode):
    found = bert_in(saved(tmp_path, pooling=pooling))
    assert found == Bert(tmp_path, layers=1, heads=2, epsilon=1e-12, positions=32, pooling=mode)


@pytest.mark.parametrize(
    ("differing", "reason"),
    [
        ({"config": {"model_type": "mpnet"}}, "its model_type is mpnet"),
        ({"config": {"hidden_act": "relu"}}, "its hidden_act is relu"),
        ({"config": {"position_embedding_type": "relative_key"}}, "relative_key"),
        ({"config": {"hidden_size": 96}}, "not multiples"),
        ({"modules": [*MODULES, ("3_Dense", "Dense")]}, "Dense"),
        ({"modules": []}, "not listed"),
        ({"pooling": {"pooling_mode": ["mean", "max"]}}, "pools"),
        ({"pooling": {"pooling_mode": "lasttoken"}}, "pools"),
        ({"pooling": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}}, "pools"),
        ({"dtype": "BF16"}, "is BF16"),
        ({"without": "encoder.layer.0.output.dense.bias"}, "no tensor encoder.layer.0"),
    ],
    ids=str,
)
def test_other_models_are_left_to_sentence_transformers(tmp_path, differing, reason):
    found = bert_in(saved(tmp_path, **differing))
    assert isinstance(found, Unfit)
    assert reason in found.reason


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_bert_without_its_files_is_left_to_sentence_transformers(tmp_path, name):
    (saved(tmp_path) / name).unlink()
    assert bert_in(tmp_path) == Unfit(f"it has no {name}")


def test_a_config_without_its_numbers_is_left_to_sentence_transformers(tmp_path):
    config = {key: value for key, value in CONFIG.items() if key != "layer_norm_eps"}
    write(saved(tmp_path) / "config.json", config)
    assert bert_in(tmp_path) == Unfit("its config has no layer_norm_eps")


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
    ],
    ids=str,
)
def test_a_bert_that_changes_texts_first_is_left_to_sentence_transformers(tmp_path, file, data):
    write(saved(tmp_path) / file, data)
    assert isinstance(bert_in(tmp_path), Unfit)


def test_a_name_on_the_hub_is_left_to_sentence_transformers(tmp_path):
    assert isinstance(bert_in(tmp_path / "an-organization" / "a-model"), Unfit)


def test_encoders_whose_vectors_differ_have_different_names(tmp_path):
    quick = SentenceEncoder(str(saved(tmp_path / "a")))
    slow = SentenceEncoder(str(saved(tmp_path / "b", dtype="BF16")))
    short = SentenceEncoder(str(tmp_path / "a"), max_tokens=64)
    assert len({quick.name, slow.name, short.name}) == 3
    assert quick.name == SentenceEncoder(str(tmp_path / "a")).name


def test_rounding_to_8_bits_is_off_by_half_a_step_at_most():
    weight = np.random.default_rng(0).normal(size=(5, 128)).astype(np.float32)
    weight[0] = 0
    rounded, scales = rounded_to_8_bits(weight)
    restored = (rounded.astype(np.float32) - 128) * scales[..., np.newaxis]
    assert (np.abs(restored - weight.reshape(5, 2, 64)) <= scales[..., np.newaxis] / 1.99).all()
