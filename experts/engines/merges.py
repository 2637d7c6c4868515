"""Which LoRA adapters can be merged, what the merged one is, and what to call it."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

from experts.cards import Merge
from experts.engines.adapters import PREFIX, RANKS, config_of, own_rank, rank_of, served
from experts.engines.weights import Shapes, cut_off, shapes

FORMAT = 1  # of what is written; another number makes every merge anew
WEIGHTS = "adapter_model.safetensors"
FACTORS = (".lora_A.weight", ".lora_B.weight")
# Ways to start training that leave the base's own weights as they were; what the others leave in
# the file is no update of the base.
PLAIN_STARTS = frozenset({"gaussian", "eva", "orthogonal", "mica", "lora_ga"})


@dataclass(frozen=True, slots=True)
class Source:
    """One of the adapters of a merge."""

    folder: Path
    weight: float
    config: Mapping[str, Any]
    shapes: Shapes

    @property
    def rank(self) -> int:
        return own_rank(self.folder, self.config)


def sources_of(merge: Merge) -> list[Source]:
    """The adapters of a merge, once they are known to fit each other. ValueError names two
    that do not."""
    sources = [_source(Path(name), weight) for name, weight in merge.adapters.items()]
    for other in sources[1:]:
        if (why := objection(sources[0], other)) is not None:
            raise ValueError(f"{sources[0].folder} and {other.folder} cannot be merged: {why}")
    if (rank := merged_rank(sources)) > RANKS[-1]:
        listed = " and ".join(str(source.folder) for source in sources)
        raise ValueError(
            f"{listed} merge into rank {rank}, the sum of theirs; an engine serves {RANKS[-1]}"
        )
    return sources


def rank_of_merge(merge: Merge, base: str, *, bases: Collection[str]) -> int:
    """The rank an engine needs for it. ValueError if one does not fit the base or the others."""
    for name in merge.adapters:
        if not Path(name).is_dir():
            raise ValueError(f"{name} is not here to be merged; download it: hf download {name}")
    sources = sources_of(merge)
    for source in sources:
        rank_of(str(source.folder), base, bases=bases)
    return served(merged_rank(sources))


def objection(one: Source, other: Source) -> str | None:
    """Why two adapters are not updates of the same matrices of the same base; None if they are."""
    for key in ("r", "rank_pattern"):
        ours, theirs = one.config.get(key) or {}, other.config.get(key) or {}
        if ours != theirs:
            return f"their ranks differ: {key} is {ours} and {theirs}"
    if _targets(one) != _targets(other):
        return f"target_modules are {_targets(one)} and {_targets(other)}"
    if _base(one) != _base(other):
        return (
            f"one was trained on {_base(one)}, the other on {_base(other)}; if these are the same, "
            "write the same base_model_name_or_path in both"
        )
    for name in sorted(one.shapes.keys() | other.shapes.keys()):
        ours, theirs = one.shapes.get(name), other.shapes.get(name)
        if ours != theirs:
            return f"{name} is {_written(ours)} and {_written(theirs)}"
    return None


def merged_rank(sources: Sequence[Source]) -> int:
    """The sum: a sum of updates of rank r each has that rank at most, so nothing is lost."""
    return sum(source.rank for source in sources)


def merged_config(sources: Sequence[Source]) -> dict[str, Any]:
    """The config of a merge. What scaled each update is in the merged factors themselves."""
    config = dict(sources[0].config)
    rank = len(sources) * int(config["r"])
    pattern = {k: len(sources) * v for k, v in (config.get("rank_pattern") or {}).items()}
    return config | {
        "r": rank,
        "lora_alpha": rank,
        "rank_pattern": pattern,
        "alpha_pattern": pattern,
        "use_rslora": False,
        "init_lora_weights": True,
        "inference_mode": True,
    }


def scale_of(config: Mapping[str, Any], module: str) -> float:
    """By what an adapter multiplies B times A for a module: alpha / r, as peft defines it."""
    name = module.removeprefix(PREFIX)
    rank = _of_module(config.get("rank_pattern"), name, config["r"])
    alpha = _of_module(config.get("alpha_pattern"), name, config["lora_alpha"])
    return float(alpha / sqrt(rank)) if config.get("use_rslora") else float(alpha / rank)


def modules_of(source: Source) -> list[str]:
    """The names of its tensors without `.lora_A.weight` or `.lora_B.weight`."""
    first = FACTORS[0]
    return sorted(name.removesuffix(first) for name in source.shapes if name.endswith(first))


def identified(sources: Sequence[Source]) -> list[tuple[str, Source]]:
    """Each with a digest of what it computes, in an order that does not depend on the file's."""
    with_digests = [(digest_of(source.folder), source) for source in sources]
    return sorted(with_digests, key=lambda pair: (pair[0], pair[1].weight))


def key_of(merge: Merge, sources: Sequence[tuple[str, Source]]) -> str:
    """What the merged adapter is called: the same for the same content, wherever it lies."""
    parts = [(digest, source.weight) for digest, source in sources]
    density = None if merge.method == "linear" else merge.density
    text = json.dumps([FORMAT, merge.method, density, parts])
    return f"merge-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def seed_of(key: str) -> int:
    """Of what is drawn by chance in a merge: the same whenever and wherever it is made."""
    return int(key.rpartition("-")[2][:8], 16)


def digest_of(folder: Path) -> str:
    with (folder / WEIGHTS).open("rb") as file:
        weights = hashlib.file_digest(file, "sha256").hexdigest()
    config = hashlib.sha256((folder / "adapter_config.json").read_bytes()).hexdigest()
    return weights + config


def _source(folder: Path, weight: float) -> Source:
    config = config_of(folder)
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.lower() not in PLAIN_STARTS:
        raise ValueError(f"{folder} cannot be merged: it started from {start} and not from zero")
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"{folder} cannot be merged: it has no {WEIGHTS}")
    if cut_off(folder / WEIGHTS):
        raise ValueError(f"{folder / WEIGHTS} is cut off; download it again")
    own_rank(folder, config)
    found = shapes(folder) or {}
    if odd := [name for name in found if not name.endswith(FACTORS)]:
        raise ValueError(f"{folder} cannot be merged: {odd[0]} is no part of a low-rank update")
    for name in found:
        if name.endswith(FACTORS[0]) and name.replace(*FACTORS) not in found:
            raise ValueError(f"{folder} cannot be merged: it has {name} without its lora_B")
    return Source(folder, weight, config, found)


def _of_module(pattern: Mapping[str, Any] | None, module: str, default: Any) -> Any:
    """peft's rule: the first key that the module's name ends with, from a dot on."""
    for key, value in (pattern or {}).items():
        if re.match(rf"(.*\.)?({key})$", module):
            return value
    return default


def _targets(source: Source) -> str:
    targets = source.config.get("target_modules")
    return targets if isinstance(targets, str) else ", ".join(sorted(targets or ()))


def _base(source: Source) -> str:
    base = str(source.config.get("base_model_name_or_path") or "an unnamed model")
    return str(Path(base).resolve()) if Path(base).is_dir() else base


def _written(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else str(list(shape))
