"""Makes one LoRA adapter of several, ahead of time, and keeps it for the next start."""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from experts.cards import Merge, VllmCard
from experts.engines.merges import (
    FACTORS,
    WEIGHTS,
    Source,
    identified,
    key_of,
    merged_config,
    modules_of,
    scale_of,
    seed_of,
    sources_of,
)
from experts.errors import RegistryError

logger = logging.getLogger(__name__)

MERGES = Path("~/.convene/merges").expanduser()  # where merges are kept, named by their content
SPARE = 16  # directions that are looked for beyond those kept, so that these come out right
PASSES = 4  # of power iteration, for the same reason


def with_merges(cards: Mapping[str, VllmCard], folder: Path = MERGES) -> dict[str, VllmCard]:
    """Every card as one with at most an adapter: merges are made in `folder`, or found there.

    RegistryError names the expert whose adapters cannot be merged. May take minutes.
    """
    made = {}
    for name, card in cards.items():
        if card.merge is None:
            made[name] = card
            continue
        try:
            adapter = merged(card.merge, folder)
        except ValueError as error:
            raise RegistryError(f"experts.{name}: {error}") from error
        except OSError as error:
            raise RegistryError(
                f"experts.{name}: no merge can be kept in {folder}: {error}"
            ) from error
        made[name] = card.model_copy(update={"adapter": str(adapter), "merge": None})
    return made


def merged(merge: Merge, folder: Path = MERGES) -> Path:
    """The merged adapter's own folder in `folder`, made if it is not there yet.

    `linear` is the exact weighted sum of the updates: their factors side by side, so the ranks
    add up. `ties` (Yadav et al. 2023) and `dare_linear` (Yu et al. 2024) work on the whole updates,
    as published, and what they give is cut to the same rank by its largest singular values. Seconds
    for the first; for the others up to a quarter of a minute per matrix of 4,096 squared and core.
    """
    if merge.method != "linear" and find_spec("peft") is None:
        raise ValueError(f"a {merge.method} merge needs peft: pip install peft")
    identities = identified(sources_of(merge))
    key = key_of(merge, identities)
    target = folder / key
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{key}-") as scratch:
            made = Path(scratch) / key
            made.mkdir()
            _write(made, merge, [source for _, source in identities], seed_of(key))
            _put(made, target)
        logger.info("merged adapters", extra={"action": "adapters_merged", "adapter": key})
    return target


def _put(made: Path, target: Path) -> None:
    """At once, so that nobody sees half of it; another process may have been as quick."""
    try:
        made.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _write(folder: Path, merge: Merge, sources: Sequence[Source], seed: int) -> None:
    import torch
    from safetensors.torch import save_file

    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(seed)
        tensors = dict(_merged_tensors(merge, sources))
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    _json(folder / "adapter_config.json", merged_config(sources))
    made_of = {str(source.folder): source.weight for source in sources}
    _json(folder / "merge.json", merge.model_dump(mode="json") | {"adapters": made_of})


def _json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")


def _merged_tensors(merge: Merge, sources: Sequence[Source]) -> Iterator[tuple[str, Any]]:
    """Name -> tensor, one module in memory at a time, in 32 bits."""
    from safetensors import safe_open

    files: list[Any] = [safe_open(source.folder / WEIGHTS, framework="pt") for source in sources]
    for module in modules_of(sources[0]):
        factors = [
            tuple(file.get_tensor(module + factor).float() for factor in FACTORS) for file in files
        ]
        scales = [scale_of(source.config, module) for source in sources]
        weights = [source.weight for source in sources]
        if merge.method == "linear":
            pair = _side_by_side(factors, [w * s for w, s in zip(weights, scales, strict=True)])
        else:
            updates = [s * (b @ a) for s, (a, b) in zip(scales, factors, strict=True)]
            rank = sum(a.shape[0] for a, _ in factors)
            pair = _cut(_combined(merge, updates, weights), rank)
        yield from zip((module + factor for factor in FACTORS), pair, strict=True)


def _side_by_side(factors: Sequence[tuple[Any, ...]], scales: Sequence[float]) -> tuple[Any, Any]:
    """[B1 B2] times [A1; A2] is B1 A1 + B2 A2."""
    import torch

    inner = torch.cat([a for a, _ in factors], dim=0)
    outer = torch.cat([scale * b for scale, (_, b) in zip(scales, factors, strict=True)], dim=1)
    return inner.contiguous(), outer.contiguous()


def _combined(merge: Merge, updates: Sequence[Any], weights: Sequence[float]) -> Any:
    import torch
    from peft.utils.merge_utils import dare_linear, ties

    combine = ties if merge.method == "ties" else dare_linear
    return combine(list(updates), torch.tensor(weights, dtype=torch.float32), merge.density)


def _cut(update: Any, rank: int) -> tuple[Any, Any]:
    """The nearest update of that rank, as factors; zeros fill up where it has less."""
    import torch

    most = min(update.shape)
    u, s, v = torch.svd_lowrank(update, q=min(rank + SPARE, most), niter=PASSES)
    kept = min(rank, most)
    root = s[:kept].sqrt()
    inner = torch.zeros(rank, update.shape[1])
    outer = torch.zeros(update.shape[0], rank)
    inner[:kept] = (v[:, :kept] * root).T
    outer[:, :kept] = u[:, :kept] * root
    return inner, outer
