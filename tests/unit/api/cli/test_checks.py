import json
import struct

import pytest
from pydantic import TypeAdapter

from api.cli.checks import checked
from experts.cards import Card
from experts.engines.architectures import Supported
from experts.engines.hub import Remote
from experts.engines.weights import Tensor
from tests.hubs import FakeHub
from tests.tiny_models import sketch

CARD = TypeAdapter(Card)
SUPPORTED = Supported("1.0", frozenset({"LlamaForCausalLM"}))
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "hidden_size": 64,
    "max_position_embeddings": 128,
}


def report_of(cards, hub=None, supported=SUPPORTED, **options):
    valid = {name: CARD.validate_python(card) for name, card in cards.items()}
    return checked(valid, hub or FakeHub(), supported, **options)


def finding_of(card, name="ada", **options):
    [finding] = report_of({name: card}, **options).experts
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
    (folder / "config.json").write_text(json.dumps(CONFIG))
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


def test_a_model_of_a_hub_that_cannot_be_reached_is_no_problem():
    report = report_of({"ada": {"kind": "vllm", "model": "org/model", "gpus": 1}})
    [finding] = report.experts
    assert report.works
    assert "org/model is not in the local cache, and its hub cannot be reached" in finding.notes[0]
    assert (finding.memory, report.families[0].memory) == (None, None)


def test_a_hub_is_asked_once_and_only_about_what_is_not_here(model):
    hub = FakeHub(folders={"org/here": model})
    cards = {
        "ada": {"kind": "vllm", "model": "org/here"},
        "bob": {"kind": "vllm", "model": "org/there", "tokenizer": "org/words"},
        "cid": {"kind": "vllm", "model": "org/there"},
    }
    report = report_of(cards, hub)
    assert hub.asked == ["org/there", "org/words"]
    assert report.experts[0].notes == ()


def test_a_model_that_its_hub_describes_is_checked_without_its_weights(tmp_path):
    folder = sketch(tmp_path / "described", CONFIG | {"architectures": ["LlamaForCasualLM"]})
    (folder / "tokenizer.json").write_text("{}")
    remote = Remote(folder, tensors={"w": Tensor("BF16", (1000, 1000))})
    finding = finding_of(
        {"kind": "vllm", "model": "org/model", "gpus": 1},
        hub=FakeHub(remotes={"org/model": remote}),
    )
    assert finding.memory.weights_bytes == 2_000_000
    assert "no architecture LlamaForCasualLM" in finding.problems[0]
    assert "is fetched from its hub when first started" in finding.notes[0]


def test_a_description_that_cannot_be_read_is_a_problem(tmp_path):
    folder = sketch(tmp_path / "described", CONFIG)
    (folder / "generation_config.json").write_text("{")
    hub = FakeHub(remotes={"org/model": Remote(folder)})
    finding = finding_of({"kind": "vllm", "model": "org/model"}, hub=hub)
    assert "generation_config.json cannot be read as JSON" in " ".join(finding.problems)


def test_a_model_that_its_hub_does_not_have_is_a_problem():
    remote = Remote(problem="the hub has no org/modle")
    finding = finding_of(
        {"kind": "vllm", "model": "org/modle"}, hub=FakeHub(remotes={"org/modle": remote})
    )
    assert finding.problems == ("the hub has no org/modle",)


def test_without_vllm_it_is_said_that_the_architecture_cannot_be_told(model):
    finding = finding_of(local(model), supported=None)
    assert finding.works
    assert "vLLM is not installed" in finding.notes[0]


def test_a_context_that_the_model_was_not_made_for_is_a_problem(model):
    assert "made for 128 tokens" in finding_of(local(model, max_model_len=129)).problems[0]


def test_a_family_that_does_not_fit_its_gpu_fails_the_check(model):
    cards = {"ada": local(model, gpus=1), "bob": local(model, gpus=1, prompt="Be brief.")}
    assert report_of(cards).works
    assert report_of(cards, gpu_gib=80).works
    report = report_of(cards, gpu_gib=1)
    assert not report.works
    [family] = report.families
    assert family.experts == ("ada", "bob")
    assert "to start and may fill 0.9 GiB" in family.problems[0]


def test_a_family_tells_its_engines_and_the_swaps_of_a_round(model, tmp_path):
    other = sketch(tmp_path / "other", CONFIG, tensors={"a.weight": [2, 2]})
    (other / "tokenizer.json").write_text("{}")
    cards = {"ada": local(model), "bob": local(other), "told": local(model, prompt="Be brief.")}
    [family] = report_of(cards, engines=2).families
    assert (family.engines, family.swaps, len(family.bases)) == (2, 1, 2)
    assert family.memory.context_tokens == 128


def test_a_tokenizer_of_its_own_keeps_a_model_out_of_a_family_and_this_is_said(model, tmp_path):
    other = sketch(tmp_path / "other", CONFIG, tensors={"a.weight": [2, 2]})
    (other / "tokenizer.json").write_text("[]")
    report = report_of({"ada": local(model), "bob": local(other)})
    assert [family.experts for family in report.families] == [("ada",), ("bob",)]
    [miss] = report.near
    assert (miss.one, miss.other) == ("ada", "bob")
    assert "cut text differently" in miss.why


def test_adapters_of_a_family_are_counted_in_its_memory(model, tmp_path):
    lora = tmp_path / "lora"
    lora.mkdir()
    (lora / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 8}')
    matrix = {"model.layers.0.q.weight": [64, 64]}
    base = sketch(tmp_path / "base", CONFIG, tensors=matrix)
    (base / "tokenizer.json").write_text("{}")
    cards = {"ada": local(base, gpus=1), "bob": local(base, gpus=1, adapter=str(lora))}
    [family] = report_of(cards).families
    assert family.adapters == 1
    assert family.memory.adapter_bytes == 8 * 128 * 2


def test_a_broken_expert_does_not_hide_the_family_of_the_others(model):
    cards = {"ada": local(model), "bob": {"kind": "vllm", "model": "/nowhere"}}
    with pytest.raises(ValueError, match="no such folder"):
        CARD.validate_python(cards["bob"])
    cards["bob"] = {"kind": "scripted"}
    assert [bool(finding.family) for finding in report_of(cards).experts] == [True, False]


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
