"""What is known of local models before any is loaded: whether they can work, and their memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experts.cards import VllmCard
from experts.engines.architectures import Judgement, Supported, class_in_transformers, judged
from experts.engines.arguments import adapters_at_once
from experts.engines.families import Family, families, tokenizer_of
from experts.engines.footprint import Demand, Footprint, footprint, too_long, unlike
from experts.engines.hub import Hub, Remote, located
from experts.engines.weights import (
    TOKENIZER_FILES,
    Tensors,
    cut_off,
    description,
    read_json,
    tensors,
    weight_files,
)
from experts.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Known:
    """The local experts of a registry, and what can be told of them."""

    cards: Mapping[str, VllmCard]  # with folders for all that can be started without a hub
    described: Mapping[str, VllmCard]  # with folders for all whose config is known
    remotes: Mapping[str, Remote]  # of what is not here
    supported: Supported | None  # by the vLLM that is installed here


def looked_up(cards: Mapping[str, VllmCard], hub: Hub, supported: Supported | None) -> Known:
    """Looks in the local cache, and asks the hub about what is not there."""
    here = located(cards, hub.cached)
    away = dict.fromkeys(n for card in here.values() for n in _names(card) if not _is_here(n))
    remotes = hub.described(away) if away else {}
    described = located(here, lambda name: remotes[name].folder if name in remotes else None)
    return Known(here, described, remotes, supported)


def problems_of(name: str, known: Known) -> Iterator[str]:
    """Why an expert cannot work. Empty if nothing is known to be wrong."""
    card, described = known.cards[name], known.described[name]
    try:
        if _is_here(card.model):
            yield from _incomplete(Path(card.model))
        yield from (r.problem for r in _remotes(card, known) if r.problem is not None)
        description(described.model, dtype=card.dtype)  # raises where a config cannot be read
        tokenizer = Path(tokenizer_of(described))
        if tokenizer.is_dir() and not any((tokenizer / file).is_file() for file in TOKENIZER_FILES):
            yield f"{tokenizer} has no tokenizer: none of {', '.join(TOKENIZER_FILES)}"
        if (problem := _judged(described, known).problem) is not None:
            yield problem
        if (why := too_long(_config(described) or {}, card.max_model_len)) is not None:
            yield why
        families({name: card}, lambda _: None)
    except (ValueError, RegistryError) as error:
        yield str(error)


def notes_of(name: str, known: Known) -> Iterator[str]:
    """What is to be known of an expert that may well work."""
    card, described = known.cards[name], known.described[name]
    for missing in dict.fromkeys(n for n in _names(card) if not _is_here(n)):
        remote = known.remotes[missing]
        yield f"{missing} {remote.note or 'is fetched from its hub when first started'}"
    if _config(described) is None:
        return
    if (note := _judged(described, known).note) is not None:
        yield note
    if (why := unlike(_config(described) or {})) is not None:
        yield why


def architecture_of(name: str, known: Known) -> str | None:
    names = (_config(known.described[name]) or {}).get("architectures") or (None,)
    return str(names[0]) if names[0] else None


def memory_of(name: str, known: Known, demand: Demand | None = None) -> Footprint | None:
    """Of an engine with this expert's model in it; None where the model is not known."""
    config, found = _config(known.described[name]), _tensors(known.cards[name], known)
    if config is None or found is None:
        return None
    return footprint(config, found, demand or demand_of(known.cards[name]))


def memory_of_family(family: Family, known: Known) -> Footprint | None:
    """Of its engine with the largest of its models; None where one is not known."""
    demand = replace(
        demand_of(known.cards[family.experts[0]]),
        max_model_len=family.max_model_len,
        max_tokens=max(known.cards[name].max_tokens for name in family.experts),
        lora_slots=_slots(family),
        lora_rank=family.lora_rank,
    )
    found = [memory_of(name, known, demand) for name in family.experts]
    sizes = [size for size in found if size is not None]
    return max(sizes, key=lambda s: s.least_bytes) if len(sizes) == len(found) else None


def demand_of(card: VllmCard) -> Demand:
    return Demand(
        dtype=card.dtype,
        gpus=card.gpus,
        tensor_parallel=card.tensor_parallel,
        max_model_len=card.max_model_len,
        max_tokens=card.max_tokens,
    )


def _slots(family: Family) -> int:
    return adapters_at_once(family) if family.adapters else 0


def _incomplete(folder: Path) -> Iterator[str]:
    if read_json(folder / "config.json") is None:
        yield f"{folder} has no config.json; is it a model's folder?"
    files = weight_files(folder)
    yield from (f"{folder} lacks {path.name}" for path in files if not path.is_file())
    if not files:
        yield f"{folder} has no weights: no *.safetensors"
    yield from (f"{path} is cut off" for path in files if path.is_file() and cut_off(path))


def _judged(card: VllmCard, known: Known) -> Judgement:
    config = _config(card)
    if config is None:
        return Judgement()
    return judged(config, known.supported, class_in_transformers)


def _config(card: VllmCard) -> dict[str, Any] | None:
    try:
        return read_json(Path(card.model) / "config.json")
    except ValueError:  # it is a problem already
        return None


def _tensors(card: VllmCard, known: Known) -> Tensors | None:
    if card.model in known.remotes:
        return known.remotes[card.model].tensors
    try:
        return tensors(Path(card.model))
    except ValueError:
        return None


def _remotes(card: VllmCard, known: Known) -> Iterable[Remote]:
    return [known.remotes[name] for name in _names(card) if name in known.remotes]


def _names(card: VllmCard) -> list[str]:
    """Everything that a card takes from a folder or a hub, each once."""
    merged = card.merge.adapters if card.merge is not None else ()
    found = (card.model, card.tokenizer, card.adapter, *merged)
    return list(dict.fromkeys(name for name in found if name is not None))


def _is_here(name: str) -> bool:
    return Path(name).is_dir()
