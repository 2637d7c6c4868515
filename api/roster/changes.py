"""What of a changed registry file can be had while the service runs, and what needs a restart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.roster.posted import amended
from api.settings import Settings
from experts.cards import Card
from experts.embedders import EmbedderCard
from experts.strict import Strict

# Sections that are read once: sockets, stores, engines and what embeds questions depend on them.
ONCE = ("service", "cluster", "feedback")


@dataclass(frozen=True, slots=True)
class Merged:
    """The settings to run by now, and the keys that stay as they were until a restart."""

    settings: Settings
    restart: tuple[str, ...]


def merged(running: Settings, wanted: Settings) -> Merged:
    """The wanted settings, where they can be had; raises `BadCard` where what can be had now does
    not go together."""
    cards, engines = _cards(running, wanted)
    kept: dict[str, Any] = {name: getattr(running, name) for name in ONCE}
    kept["embedders"] = running.embedders
    kept["routing"] = wanted.routing.model_copy(update={"encoder": running.routing.encoder})
    restart = [key for name in ONCE for key in _differing(name, running, wanted)]
    if running.routing.encoder != wanted.routing.encoder:
        restart.append("routing.encoder")
    restart += [f"embedders.{name}" for name in _changed(running.embedders, wanted.embedders)]
    return Merged(
        amended(wanted.model_copy(update=kept), cards),
        (*restart, *(f"experts.{name}" for name in engines)),
    )


def _cards(running: Settings, wanted: Settings) -> tuple[dict[str, Card], list[str]]:
    """The experts to have, local ones as they were, and the local ones that are to change."""
    local = {name: card for name, card in running.experts.items() if card.kind == "vllm"}
    cards = {
        name: local.get(name, card)
        for name, card in wanted.experts.items()
        if name in local or card.kind != "vllm"
    }
    new = {name: card for name, card in wanted.experts.items() if card.kind == "vllm"}
    differing = {
        name for name in local.keys() | new.keys() if local.get(name) != wanted.experts.get(name)
    }
    return {**cards, **local}, sorted(differing)


def _changed(one: Mapping[str, EmbedderCard], other: Mapping[str, EmbedderCard]) -> list[str]:
    names = sorted(one.keys() | other.keys())
    return [name for name in names if one.get(name) != other.get(name)]


def _differing(section: str, running: Settings, wanted: Settings) -> list[str]:
    one: Strict = getattr(running, section)
    other: Strict = getattr(wanted, section)
    return [
        f"{section}.{key}"
        for key in type(one).model_fields
        if getattr(one, key) != getattr(other, key)
    ]
