"""Cards: what they work out for themselves."""

import pytest
from pydantic import ValidationError

from experts.cards import HostedCard, Price, Registry, ScriptedCard, VllmCard
from experts.types import Ability, Usage

SCRIPTED = {"kind": "scripted"}


def test_a_price_is_per_million_tokens():
    assert Price(input=2, output=10).usage(1_000_000, 500_000) == Usage(1_000_000, 500_000, 7.0)


def test_the_aggregator_is_not_recruited():
    registry = Registry.model_validate(
        {"experts": {"ada": SCRIPTED, "bob": SCRIPTED}, "aggregator": "bob"}
    )
    assert list(registry.panellists) == ["ada"]


def test_a_card_does_not_change():
    card = ScriptedCard(kind="scripted")
    with pytest.raises(ValidationError, match="frozen"):
        card.delay = 1.0


def test_a_hosted_model_is_believed_able_unless_its_card_says_otherwise():
    def able(**values):
        return HostedCard(kind="hosted", model="m", **values).abilities

    assert able() == {Ability.TOOLS, Ability.LOGPROBS}
    assert able(tools=False) == {Ability.LOGPROBS}
    assert able(tools=False, logprobs=False) == frozenset()


def test_a_key_is_shown_by_no_card():
    card = HostedCard(kind="hosted", model="m", api_key="sk-canary")
    assert "canary" not in f"{card} {card!r} {card.model_dump()} {card.model_dump_json()}"


@pytest.mark.parametrize("name", ["ada", "a", "gpt-4.1_mini", "0", "x" * 64])
def test_names_that_fit_an_address_and_a_metric(name):
    assert Registry.model_validate({"experts": {name: SCRIPTED}}).experts


@pytest.mark.parametrize("name", ["", "Ada", "-a", "a b", "a/b", "é", "x" * 65, "ada\n"], ids=repr)
def test_names_that_do_not(name):
    with pytest.raises(ValidationError):
        Registry.model_validate({"experts": {name: SCRIPTED}})


def test_a_folder_of_weights_is_found_beside_the_registry_file(tmp_path):
    (tmp_path / "weights").mkdir()
    wanted = {"kind": "vllm", "model": "./weights", "adapter": "meta/lora"}
    card = VllmCard.model_validate(wanted, context={"folder": tmp_path})
    assert card.model == str(tmp_path / "weights")
    assert card.adapter == "meta/lora"  # a hub's name is left as it is


@pytest.fixture
def merging(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    def merging(merge, **more):
        card = {"kind": "vllm", "model": "org/base", "merge": merge, **more}
        return VllmCard.model_validate(card, context={"folder": tmp_path})

    return merging


def test_the_adapters_of_a_merge_are_found_beside_the_registry_file(merging, tmp_path):
    merge = merging({"adapters": {"./a": 0.7, "meta/lora": 0.3}}).merge
    assert merge.adapters == {str(tmp_path / "a"): 0.7, "meta/lora": 0.3}
    assert merge.method == "linear"


@pytest.mark.parametrize(
    ("merge", "more", "why"),
    [
        pytest.param({"adapters": {}}, {}, "at least 1", id="none"),
        pytest.param({"adapters": {"./a": float("inf")}}, {}, "finite", id="endless"),
        pytest.param({"adapters": {"./c": 1}}, {}, "no such folder", id="missing"),
        pytest.param({"adapters": {"./a": 1, "./b/../a": 1}}, {}, "named twice", id="twice"),
        pytest.param({"adapters": {"./a": 1}, "method": "sum"}, {}, "linear", id="method"),
        pytest.param({"adapters": {"./a": 1}, "density": 1}, {}, "less than 1", id="density"),
        pytest.param({"adapters": {"./a": 1}}, {"adapter": "./b"}, "keep one", id="two kinds"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused(merging, merge, more, why):
    with pytest.raises(ValidationError, match=why):
        merging(merge, **more)
