import json
import shutil
from pathlib import Path

import pytest

from experts.cards import VllmCard
from experts.engines.families import families
from experts.errors import RegistryError
from tests.tiny_models import sketch

SMALL, LARGE = {"layers": 2}, {"layers": 9}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{}")
    for name, config in (("a", SMALL), ("b", SMALL), ("c", LARGE)):
        sketch(tmp_path / name, config, tensors={"q.weight": [8, 4]})
    return tmp_path


@pytest.fixture
def card(folder):
    def card(base, **options):
        tokenizer = str(folder / "tokenizer")
        return VllmCard(kind="vllm", model=str(folder / base), tokenizer=tokenizer, **options)

    return card


@pytest.fixture
def adapter(folder):
    def adapter(*, shape=(8, 4), **config):
        lora = {"base_model.model.q.lora_A.weight": shape}
        made = sketch(folder / "adapter", {}, tensors=lora)
        given = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": str(folder / "a")}
        (made / "adapter_config.json").write_text(json.dumps(given | config))
        return str(made)

    return adapter


def experts(cards):
    return [family.experts for family in families(cards)]


def test_models_of_one_shape_are_a_family_and_others_have_their_own(card):
    cards = {"one": card("a"), "two": card("c"), "three": card("b"), "four": card("a")}
    first, second = families(cards)
    assert (first.experts, second.experts) == (("one", "three", "four"), ("two",))
    assert [base[-1] for base in first.bases] == ["a", "b"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"dtype": "float32"}, id="dtype"),
        pytest.param({"gpus": 1}, id="gpus"),
        pytest.param({"gpus": 1, "tensor_parallel": 2}, id="tensor_parallel"),
    ],
)
def test_what_an_engine_is_built_with_divides_families(card, options):
    assert experts({"one": card("a"), "two": card("b", **options)}) == [("one",), ("two",)]


def test_another_vocabulary_is_another_family(card, folder):
    (folder / "b" / "tokenizer.json").write_text('{"other": 1}')
    theirs = VllmCard(kind="vllm", model=str(folder / "b"))
    assert experts({"one": card("a"), "two": theirs}) == [("one",), ("two",)]


def test_prompts_and_adapters_share_their_base(card, adapter):
    cards = {"told": card("a", prompt="Be brief."), "tuned": card("a", adapter=adapter())}
    [family] = families(cards)
    assert len(family.bases) == 1
    assert (len(family.adapters), family.lora_rank) == (1, 8)


def test_an_engine_has_the_longest_context_and_the_most_memory_asked_for(card):
    cards = {
        "one": card("a", max_model_len=32, memory_gib=1),
        "two": card("b", max_model_len=64, memory_gib=3),
    }
    [family] = families(cards)
    assert (family.max_model_len, family.memory_gib) == (64, 3)
    [family] = families(cards | {"three": card("a")})
    assert family.max_model_len is None


def test_only_folders_are_served_offline(card, folder):
    hub = VllmCard(kind="vllm", model="someone/model", tokenizer=str(folder / "tokenizer"))
    offline = [family.offline for family in families({"here": card("a"), "there": hub})]
    assert offline == [True, False]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        pytest.param({"peft_type": "IA3"}, "is a IA3 adapter; only LORA", id="kind"),
        pytest.param({"r": 1024}, "has rank 1024; an engine serves 1 to 512", id="rank"),
        pytest.param({"r": None}, "has rank None", id="no rank"),
        pytest.param({"use_dora": True}, "has use_dora, which no engine", id="not served"),
        pytest.param({"base": "b"}, "set model to that", id="another base of the file"),
        pytest.param({"base": "c"}, "whose shape is not that of", id="another shape"),
        pytest.param({"shape": (8, 5)}, r"lora_A.weight is \[8, 5\] for a weight", id="tensors"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_refused_by_name(card, adapter, folder, config, why):
    if base := config.pop("base", None):
        config["base_model_name_or_path"] = str(folder / base)
    cards = {"fine": card("b"), "tuned": card("a", adapter=adapter(**config))}
    with pytest.raises(RegistryError, match=rf"experts\.tuned: .*{why}"):
        families(cards)


def test_models_in_the_hubs_cache_share_an_engine_and_need_no_hub(folder):
    cards = {name: VllmCard(kind="vllm", model=f"org/{name}") for name in "ab"}
    for name in "ab":
        (folder / name / "tokenizer.json").write_text("{}")
    places = {f"org/{name}": folder / name for name in "ab"}
    [family] = families(cards, places.get)
    assert family.bases == tuple(str(place) for place in places.values())
    assert family.offline
    apart = families(cards, {"org/a": folder / "a"}.get)
    assert [(f.bases, f.offline) for f in apart] == [
        ((str(folder / "a"),), True),
        (("org/b",), False),
    ]


def test_a_family_is_named_by_its_model_and_not_by_a_snapshot(tmp_path):
    snapshot = sketch(tmp_path / "models--org--tiny" / "snapshots" / "0a1b", SMALL)
    [family] = families({"ada": VllmCard(kind="vllm", model=str(snapshot))})
    assert family.name.startswith("tiny-")


@pytest.mark.parametrize("rank", [(1, 1), (5, 8), (16, 16), (65, 128)], ids=str)
def test_an_engine_is_built_for_the_next_rank_it_can_be(card, adapter, rank):
    [family] = families({"tuned": card("a", adapter=adapter(r=rank[0]))})
    assert family.lora_rank == rank[1]


def test_an_adapter_trained_on_a_hub_name_may_ride_on_a_copy(card, adapter):
    path = adapter(base_model_name_or_path="someone/model")
    assert experts({"tuned": card("a", adapter=path)}) == [("tuned",)]


def test_an_adapter_trained_on_another_hub_model_of_the_file_is_refused(adapter, tmp_path):
    cards = {}
    for name in ("one", "two"):
        folder = sketch(tmp_path / f"models--org--{name}" / "snapshots" / "0a1b", SMALL)
        cards[name] = VllmCard(kind="vllm", model=str(folder))
    path = adapter(base_model_name_or_path="org/two")
    fits = cards | {"tuned": cards["two"].model_copy(update={"adapter": path})}
    assert experts(fits) == [("one",), ("two", "tuned")]
    with pytest.raises(RegistryError, match="was trained on org/two, not on"):
        families(cards | {"tuned": cards["one"].model_copy(update={"adapter": path})})


def test_a_merge_counts_the_ranks_of_its_adapters(card, adapter, tmp_path):
    lora = Path(adapter())
    (lora / "model.safetensors").unlink()
    pair = {"q.lora_A.weight": (8, 4), "q.lora_B.weight": (8, 8)}
    sketch(lora, {}, tensors=pair)
    (lora / "model.safetensors").rename(lora / "adapter_model.safetensors")
    other = shutil.copytree(lora, tmp_path / "other")
    [family] = families({"both": card("a", merge={"adapters": {str(lora): 1, str(other): 1}})})
    assert (family.lora_rank, len(family.adapters)) == (16, 1)


def test_a_folder_that_is_no_adapter_is_refused(card, folder):
    with pytest.raises(RegistryError, match=r"experts\.tuned: .* has no adapter_config\.json"):
        families({"tuned": card("a", adapter=str(folder / "b"))})


def test_a_damaged_config_is_refused_by_name(card, folder):
    (folder / "a" / "config.json").write_text("{")
    with pytest.raises(RegistryError, match=r"experts\.one: .*config\.json cannot be read"):
        families({"one": card("a")})
