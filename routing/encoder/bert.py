"""Which sentence-transformers folders hold a BERT that onnxruntime can run, by their files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from experts.engines.weights import read_header

BLOCK = 64  # numbers that share a scale when weights are rounded to 8 bits
MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
EMBEDDINGS = (
    "embeddings.word_embeddings.weight",
    "embeddings.position_embeddings.weight",
    "embeddings.token_type_embeddings.weight",
)
NUMBERS = (  # of the config, that the graph is drawn from
    *("num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size"),
    *("layer_norm_eps", "max_position_embeddings"),
)
PARTS = (
    *("attention.self.query", "attention.self.key", "attention.self.value"),
    *("attention.output.dense", "attention.output.LayerNorm"),
    *("intermediate.dense", "output.dense", "output.LayerNorm"),
)

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class Bert:
    """A BERT with mean or first-token pooling, whose weights lie in one safetensors file."""

    folder: Path  # with model.safetensors and tokenizer.json
    layers: int
    heads: int
    epsilon: float  # of the layer norms
    positions: int  # most tokens
    pooling: Pooling

    @property
    def weights(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        return self.folder / "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a model is left to sentence-transformers."""

    reason: str


def bert_in(folder: Path) -> Bert | Unfit:
    """What the folder of a sentence-transformers model holds; nothing is loaded."""
    if not folder.is_dir():
        return Unfit("it is not a folder on this machine")
    modules = _read(folder / "modules.json") or []
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    if kinds not in MODULES:
        return Unfit(f"its modules are {', '.join(kinds) or 'not listed'}")
    core = folder / modules[0]["path"]
    config = _read(core / "config.json") or {}
    pooling = _pooling(_read(folder / modules[1]["path"] / "config.json") or {})
    reason = _beyond_pooling(folder, core) or _beyond_bert(config) or _beyond_files(core, config)
    if pooling is None or reason is not None:
        return Unfit(reason or "it pools in a way of its own")
    return Bert(
        core,
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
        positions=config["max_position_embeddings"],
        pooling=pooling,
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def _pooling(config: Mapping[str, Any]) -> Pooling | None:
    """sentence-transformers names the mode since its version 6; before, each was a flag."""
    flags = [name for name, on in config.items() if name.startswith("pooling_mode_") and on]
    modes: dict[Any, Pooling] = {"mean": "mean", "cls": "cls"}
    modes |= {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    chosen = [config["pooling_mode"]] if "pooling_mode" in config else flags
    return modes.get(chosen[0]) if len(chosen) == 1 and isinstance(chosen[0], str) else None


def _beyond_pooling(folder: Path, core: Path) -> str | None:
    if (_read(folder / "config_sentence_transformers.json") or {}).get("default_prompt_name"):
        return "it puts a prompt before each text"
    if (_read(core / "sentence_bert_config.json") or {}).get("do_lower_case"):
        return "it lowers the case of texts outside its tokenizer"
    return None


def _beyond_bert(config: Mapping[str, Any]) -> str | None:
    usual = {"position_embedding_type": "absolute", "is_decoder": False}
    found = {**usual, **config}
    for key, wanted in {"model_type": "bert", "hidden_act": "gelu", **usual}.items():
        if found.get(key) != wanted:
            return f"its {key} is {found.get(key)}"
    missing = [key for key in NUMBERS if key not in config]
    if missing:
        return f"its config has no {missing[0]}"
    if config["hidden_size"] % BLOCK or config["intermediate_size"] % BLOCK:
        return f"its sizes are not multiples of {BLOCK}"
    return None


def _beyond_files(core: Path, config: Mapping[str, Any]) -> str | None:
    missing = [n for n in ("model.safetensors", "tokenizer.json") if not (core / n).is_file()]
    if missing:
        return f"it has no {missing[0]}"
    header, _ = read_header(core / "model.safetensors")
    for name in tensors(config["num_hidden_layers"]):
        if name not in header:
            return f"it has no tensor {name}"
        if header[name]["dtype"] != "F32":
            return f"its tensor {name} is {header[name]['dtype']}"
    return None


def tensors(layers: int) -> Sequence[str]:
    """The names of all weights of a BERT without its pooler."""
    stems = [f"encoder.layer.{i}.{part}" for i in range(layers) for part in PARTS]
    stems.append("embeddings.LayerNorm")
    return [*EMBEDDINGS, *(f"{stem}.{kind}" for stem in stems for kind in ("weight", "bias"))]
