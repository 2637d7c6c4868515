import pytest

from experts.cards import VllmCard
from experts.engines.families import families
from experts.engines.kinship import near_misses
from tests.tiny_models import sketch

CONFIG = {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, "rope_theta": 10000.0}


@pytest.fixture
def card(tmp_path):
    def card(name, config=(), *, tokens="{}", ends=None, weights=True, **options):
        tensors = {"w": [2]} if weights else None
        folder = sketch(tmp_path / name, CONFIG | dict(config), ends=ends, tensors=tensors)
        (folder / "tokenizer.json").write_text(tokens)
        return VllmCard(kind="vllm", model=str(folder), **options)

    return card


def reasons(**cards):
    found = near_misses(families(cards, lambda _: None), cards)
    return [(miss.one, miss.other, miss.why) for miss in found]


def test_members_of_one_family_are_no_near_miss(card):
    assert reasons(ada=card("a"), bob=card("b"), told=card("a", prompt="Be brief.")) == []


def test_other_architectures_are_no_near_miss(card):
    other = card("b", {"architectures": ["Qwen2ForCausalLM"]})
    assert reasons(ada=card("a"), bob=other) == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param({"dtype": "float32"}, "dtype is auto and float32", id="dtype"),
        pytest.param({"gpus": 1}, "gpus is 0 and 1", id="gpus"),
        pytest.param({"ends": [1, 2]}, "eos_token_id is None and [1, 2]", id="ends"),
        pytest.param({"tokens": "[]"}, "cut text differently", id="tokenizer"),
        pytest.param(
            {"config": {"rope_theta": 1e6}}, "rope_theta is 10000.0 and 1000000.0", id="config"
        ),
        pytest.param(
            {"config": {"bias": True, "num_hidden_layers": 9}},
            "num_hidden_layers is 2 and 9 in config.json, and 1 more",
            id="the size before what follows from it",
        ),
        pytest.param({"config": {"x": 1}}, "x is not given and 1", id="a key of one only"),
        pytest.param({"config": {"dtype": "float16"}}, "dtype is not given", id="stored dtype"),
    ],
)
def test_what_keeps_two_of_one_architecture_apart_is_named(card, options, why):
    [(one, other, found)] = reasons(ada=card("a"), bob=card("b", **options))
    assert (one, other) == ("ada", "bob")
    assert why in found


def test_a_family_is_compared_with_the_one_it_is_nearest_to(card):
    far, near = {"num_hidden_layers": 9, "x": 1}, {"x": 1}
    found = reasons(ada=card("a", far), bob=card("b", near), cid=card("c"))
    assert [(one, other) for one, other, _ in found] == [("ada", "bob"), ("bob", "cid")]


def test_what_is_not_downloaded_yet_is_said(card):
    """Its files are described by the hub; to the engines it is but a name."""
    here, there = card("a"), card("b", weights=False)
    kinds = families({"ada": here, "bob": VllmCard(kind="vllm", model="org/b")}, lambda _: None)
    [miss] = near_misses(kinds, {"ada": here, "bob": there})
    assert "would share one, but" in miss.why
    assert "hf download" in miss.why
