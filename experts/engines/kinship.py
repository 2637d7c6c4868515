"""Why two experts that look alike do not share an engine."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experts.cards import VllmCard
from experts.engines.families import Family, tokenizer_of
from experts.engines.hub import named, whole
from experts.engines.weights import ends, read_json, settings, vocabulary

OPTIONS = (
    "dtype",
    "gpus",
    "tensor_parallel",
    "node",
    "pinned",
)  # of a card, that an engine is built with
# Named before other keys: what makes a model another size explains more than what follows from it.
SHAPE = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "model_type")


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Two families of one architecture, by an expert of each, and what keeps them apart."""

    one: str
    other: str
    why: str


def near_misses(families: Sequence[Family], cards: Mapping[str, VllmCard]) -> list[NearMiss]:
    """For each family the earlier one that it is nearest to, if they have one architecture.

    The cards' models are folders, where anything is known of them.
    """
    found = []
    for place, family in enumerate(families):
        other = family.experts[0]
        pairs = [
            (reasons, earlier.experts[0])
            for earlier in families[:place]
            if (reasons := _apart(cards[earlier.experts[0]], cards[other]))
        ]
        if pairs:
            reasons, one = min(pairs, key=lambda pair: len(pair[0]))
            more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
            found.append(NearMiss(one, other, reasons[0] + more))
    return found


def _apart(one: VllmCard, other: VllmCard) -> list[str]:
    """Why two experts of one architecture are in two families; empty if they are of two."""
    if not _architectures(one) or _architectures(one) != _architectures(other):
        return []
    if found := list(differences(one, other)):
        return found
    away = [card.model for card in (one, other) if not whole(Path(card.model))]
    return [
        f"they would share one, but {named(model)} is not here yet: hf download {named(model)}"
        for model in dict.fromkeys(away)
    ]


def differences(one: VllmCard, other: VllmCard) -> Iterator[str]:
    """Everything that makes an engine for one card no engine for the other."""
    for option in OPTIONS:
        ours, theirs = getattr(one, option), getattr(other, option)
        if ours != theirs:
            yield f"{option} is {ours} and {theirs}"
    dtype = "auto" if one.dtype == other.dtype == "auto" else "any"
    yield from _of_config(settings(one.model, dtype=dtype), settings(other.model, dtype=dtype))
    if ends(one.model) != ends(other.model):
        yield f"eos_token_id is {ends(one.model)} and {ends(other.model)} in generation_config.json"
    if vocabulary(tokenizer_of(one)) != vocabulary(tokenizer_of(other)):
        yield (
            f"the tokenizers of {named(tokenizer_of(one))} and {named(tokenizer_of(other))} "
            "cut text differently"
        )


def _of_config(ours: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> Iterator[str]:
    if ours is None or theirs is None:
        return
    keys = itertools.chain(SHAPE, sorted(ours.keys() | theirs.keys()))
    for key in dict.fromkeys(keys):
        one, other = ours.get(key, "not given"), theirs.get(key, "not given")
        if one != other:
            yield f"{key} is {_short(one)} and {_short(other)} in config.json"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _architectures(card: VllmCard) -> tuple[str, ...]:
    config = read_json(Path(card.model) / "config.json") or {}
    return tuple(config.get("architectures") or ())
