"""Groups vllm cards into families: what one running engine can serve by changing weights."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experts.cards import VllmCard
from experts.engines.adapters import rank_of
from experts.engines.hub import Find, cached, located, named
from experts.engines.merges import rank_of_merge
from experts.engines.weights import description, vocabulary
from experts.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of engine, and everything it will be asked to serve.

    What is resident is a base, not an expert: adapters and prompts ride on it without a swap.
    """

    name: str
    experts: tuple[str, ...]
    bases: tuple[str, ...]  # folders, or hub names of what is not here; it starts with the first
    adapters: tuple[str, ...]
    lora_rank: int  # 0: no adapters
    tokenizer: str
    dtype: str
    tensor_parallel: int
    gpus: float  # of each of its `tensor_parallel` workers
    max_model_len: int | None  # None: the model's own
    memory_gib: float
    replicas: int | None = None  # None: as many as the cluster has of any
    pinned: bool = False  # its engine stays awake, and holds what it holds
    node: str | None = None  # only there, see `layout.Node.named`

    @property
    def offline(self) -> bool:
        """Whether everything is on this disk, so that no hub needs to be asked."""
        return all(Path(p).is_dir() for p in (*self.bases, *self.adapters, self.tokenizer))


def families(cards: Mapping[str, VllmCard], find: Find = cached) -> list[Family]:
    """Every card in exactly one family, in the order of the file.

    A hub's model whose files are all in the local cache (`find` says where) is as good as a folder.
    RegistryError if an adapter or a model's files cannot be used, naming the expert.
    """
    cards = located(cards, find)
    bases = {card.model for card in cards.values()}
    groups: dict[tuple[str, ...], dict[str, VllmCard]] = {}
    ranks: dict[str, int] = {}
    for name, card in cards.items():
        try:
            groups.setdefault(_key(card), {})[name] = card
            if card.adapter is not None:
                ranks[name] = rank_of(card.adapter, card.model, bases=bases)
            if card.merge is not None:
                ranks[name] = rank_of_merge(card.merge, card.model, bases=bases)
        except ValueError as error:
            raise RegistryError(f"experts.{name}: {error}") from error
    return [_family(key, group, ranks) for key, group in groups.items()]


def adapter_of(card: VllmCard) -> str | None:
    """What rides on the base: an adapter, or what a merge will have made of some."""
    if card.merge is not None:
        return f"{card.merge.method} merge of {', '.join(card.merge.adapters)}"
    return card.adapter


def tokenizer_of(card: VllmCard) -> str:
    """The folder whose chat template writes this expert's prompts."""
    return card.tokenizer or card.model


def _key(card: VllmCard) -> tuple[str, ...]:
    return (
        description(card.model, dtype=card.dtype),
        vocabulary(tokenizer_of(card)),
        card.dtype,
        str(card.tensor_parallel),
        str(card.gpus),
        card.node or "",
        card.model if card.pinned else "",  # what shares an engine would push it out
    )


def _family(
    key: tuple[str, ...], group: Mapping[str, VllmCard], ranks: Mapping[str, int]
) -> Family:
    cards = list(group.values())
    first = cards[0]
    lengths = [card.max_model_len for card in cards]
    known = [length for length in lengths if length is not None]
    digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:8]
    return Family(
        name=f"{Path(named(first.model)).name}-{digest}",
        experts=tuple(group),
        bases=tuple(dict.fromkeys(card.model for card in cards)),
        adapters=tuple(dict.fromkeys(a for a in map(adapter_of, cards) if a is not None)),
        lora_rank=max((ranks[name] for name in group if name in ranks), default=0),
        tokenizer=tokenizer_of(first),
        dtype=first.dtype,
        tensor_parallel=first.tensor_parallel,
        gpus=first.gpus,
        # The engine takes the longest; each expert's own limit is kept per request.
        max_model_len=max(known) if len(known) == len(lengths) else None,
        memory_gib=max(card.memory_gib for card in cards),
        replicas=max((card.replicas for card in cards if card.replicas), default=None),
        pinned=first.pinned,
        node=first.node,
    )
