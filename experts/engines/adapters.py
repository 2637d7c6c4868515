"""Whether a LoRA adapter can ride on its base, told from its files before an engine starts."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from experts.engines.hub import named
from experts.engines.weights import description, read_json, shapes

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # the ranks an engine can be built for
PREFIX = "base_model.model."
TRUSTED = 16  # the most common rank, taken for adapters that are not here
# What peft can train and vLLM does not compute. Where set, an engine refuses the adapter.
UNSERVED = (
    *("use_dora", "lora_bias", "modules_to_save", "layer_replication", "use_qalora"),
    *("use_bdlora", "alora_invocation_tokens"),
)


def rank_of(adapter: str, base: str, *, bases: Collection[str]) -> int:
    """The rank an engine needs for this adapter. ValueError says why it cannot be used.

    An adapter that is not a folder here is taken on trust.
    """
    folder = Path(adapter)
    if not folder.is_dir():
        return TRUSTED
    config = config_of(folder)
    _check_base(adapter, str(config.get("base_model_name_or_path") or ""), base, bases)
    _check_shapes(folder, Path(base))
    return served(own_rank(folder, config))


def config_of(folder: Path) -> dict[str, Any]:
    """A LoRA adapter's config. ValueError if it is none, or one that no engine serves."""
    config = read_json(folder / "adapter_config.json")
    if config is None:
        raise ValueError(f"{folder} has no adapter_config.json; is it a LoRA adapter?")
    if config.get("peft_type") != "LORA":
        raise ValueError(f"{folder} is a {config.get('peft_type')} adapter; only LORA is served")
    if found := [key for key in UNSERVED if config.get(key)]:
        raise ValueError(f"{folder} has {found[0]}, which no engine serves")
    return config


def own_rank(folder: Path, config: Mapping[str, Any]) -> int:
    """The largest rank that any of an adapter's modules has."""
    ranks = [config.get("r"), *(config.get("rank_pattern") or {}).values()]
    if not all(isinstance(rank, int) and 0 < rank <= RANKS[-1] for rank in ranks):
        raise ValueError(f"{folder} has rank {ranks[0]}; an engine serves 1 to {RANKS[-1]}")
    return max(int(rank) for rank in ranks)


def served(rank: int) -> int:
    """The least rank an engine can be built for that has room for this one."""
    return next(size for size in RANKS if size >= rank)


def _check_base(adapter: str, trained_on: str, base: str, bases: Collection[str]) -> None:
    """Refuses only what is surely wrong: folders move, and hub names have local copies."""
    trained = str(Path(trained_on).resolve()) if Path(trained_on).is_dir() else trained_on
    if trained in (base, named(base)):
        return
    if any(trained in (other, named(other)) for other in bases):
        raise ValueError(f"{adapter} was trained on {trained}, not on {base}; set model to that")
    if not (Path(trained) / "config.json").is_file() or not (Path(base) / "config.json").is_file():
        return
    if description(trained, dtype="any") != description(base, dtype="any"):
        raise ValueError(f"{adapter} was trained on {trained}, whose shape is not that of {base}")


def _check_shapes(folder: Path, base: Path) -> None:
    """LoRA's A is [rank, in] and its B [out, rank], for a weight of [out, in]."""
    adapter, model = shapes(folder), shapes(base)
    if adapter is None or model is None:
        return
    for name, shape in adapter.items():
        target, lora, _ = name.removeprefix(PREFIX).partition(".lora_")
        weight = model.get(f"{target}.weight")
        if not lora or weight is None or len(weight) != 2 or len(shape) != 2:
            continue  # fused or renamed modules: the engine knows them, these files do not
        inner = name.endswith("lora_A.weight")
        if shape[1 if inner else 0] != weight[1 if inner else 0]:
            raise ValueError(
                f"{folder} does not fit {base}: {name} is {list(shape)} "
                f"for a weight of {list(weight)}"
            )
