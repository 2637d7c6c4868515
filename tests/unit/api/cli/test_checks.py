import json
import struct

import pytest
from pydantic import TypeAdapter

from api.cli.checks import checked
from experts.cards import Card

CARD = TypeAdapter(Card)


def finding_of(card, name="ada"):
    [finding] = checked({name: CARD.validate_python(card)})
    return finding


def weights(path, *, missing=0):
    """A file of one tensor, short of some bytes."""
    header = {"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16 - missing))


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    weights(folder / "model.safetensors")
    return folder


def local(folder, **more):
    return {"kind": "vllm", "model": str(folder), **more}


def test_a_complete_model_works_and_names_its_family(model):
    finding = finding_of(local(model))
    assert finding.works, finding.problems
    assert finding.family.startswith("model-")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read as JSON"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "not a safetensors file"),
        (lambda folder: weights(folder / "model.safetensors", missing=1), "is cut off"),
        (
            lambda folder: (folder / "model.safetensors.index.json").write_text(
                '{"weight_map": {"b": "model-2.safetensors"}}'
            ),
            "lacks model-2.safetensors",
        ),
    ],
    ids=["config", "config broken", "tokenizer", "weights", "garbage", "cut off", "shard"],
)
def test_what_a_model_lacks_is_named(model, spoil, problem):
    spoil(model)
    finding = finding_of(local(model))
    assert not finding.works
    assert problem in " ".join(finding.problems)


def test_an_adapter_that_is_none_is_named(model, tmp_path):
    (tmp_path / "adapter").mkdir()
    finding = finding_of(local(model, adapter=str(tmp_path / "adapter")))
    assert "no adapter_config.json" in " ".join(finding.problems)


def test_a_model_that_is_no_folder_is_fetched_and_said_so():
    finding = finding_of({"kind": "vllm", "model": "org/model"})
    assert finding.works
    assert "fetched from its hub" in finding.notes[0]


def test_a_broken_expert_does_not_hide_the_family_of_the_others(model):
    cards = {"ada": local(model), "bob": {"kind": "vllm", "model": "/nowhere"}}
    with pytest.raises(ValueError, match="no such folder"):
        CARD.validate_python(cards["bob"])
    cards["bob"] = {"kind": "scripted"}
    findings = checked({name: CARD.validate_python(card) for name, card in cards.items()})
    assert [bool(finding.family) for finding in findings] == [True, False]


def test_an_empty_key_is_a_problem_and_none_is_a_remark():
    server = {"kind": "hosted", "model": "m", "base_url": "http://localhost:1/v1"}
    assert "api_key is empty" in finding_of({**server, "api_key": ""}).problems[0]
    unkeyed = finding_of(server)
    assert unkeyed.works
    assert "no api_key" in unkeyed.notes[0]


def test_a_recording_must_have_the_experts_replies(tmp_path):
    file = tmp_path / "replies.jsonl"
    file.write_text("{")
    card = {"kind": "recorded", "file": str(file)}
    assert not finding_of(card).works
    file.write_text('{"question": "why?", "replies": {"bob": {"text": "because"}}}\n')
    assert finding_of(card, "bob").works
    assert "it has bob" in finding_of(card, "ada").problems[0]
