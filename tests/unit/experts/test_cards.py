"""Cards: what they work out for themselves."""

import pytest
from pydantic import ValidationError

from experts.cards import HostedCard, Price, Registry, ScriptedCard, VllmCard
from experts.types import Usage

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
