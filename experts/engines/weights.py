"""What a model folder says about itself, read without loading it."""

import hashlib
import json
import struct
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

LARGEST_HEADER = 100_000_000  # bytes; the safetensors format's own limit
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "tekken.json")
# How a model was made and saved, which does not change what its engine must be.
INCIDENTAL = frozenset(
    {"_name_or_path", "transformers_version", "initializer_range", "use_cache", "attention_dropout"}
)

ENTRY = {"dtype", "shape", "data_offsets"}  # what a header says of a tensor
INDEX = "model.safetensors.index.json"
# How the format writes a tensor's type, and the bytes of each of its numbers.
NUMBER_BYTES = {
    **{"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4},
    **{"F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1},
    **{"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F4": 0.5},
}
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})  # that loading turns into an engine's own type

Shapes = dict[str, tuple[int, ...]]


class Tensor(NamedTuple):
    """A tensor as its file's header tells it."""

    dtype: str  # such as BF16
    shape: tuple[int, ...]

    def stored_bytes(self, dtype: str | None = None) -> int:
        """As it is, or once loaded as `dtype`; what is quantized stays as it is."""
        if dtype is not None and self.dtype in FLOATS:
            return int(prod(self.shape) * NUMBER_BYTES[dtype])
        return int(prod(self.shape) * NUMBER_BYTES.get(self.dtype, 1))


Tensors = dict[str, Tensor]


def settings(model: str, *, dtype: str) -> dict[str, Any] | None:
    """The numbers of a model that are not weights; None where it is not a folder here."""
    config = read_json(Path(model) / "config.json")
    if config is None:
        return None
    kept = {key: value for key, value in config.items() if key not in INCIDENTAL}
    if dtype != "auto":
        kept = {k: v for k, v in kept.items() if k not in {"dtype", "torch_dtype"}}
    return kept


def ends(model: str) -> Any:
    """The tokens that end a reply: a generation config may have more than the model's own."""
    return (read_json(Path(model) / "generation_config.json") or {}).get("eos_token_id")


def description(model: str, *, dtype: str) -> str:
    """What decides whether an engine fits: the shape, and the numbers that are not weights.

    A model that is not a folder here can only be told by its name.
    """
    kept = settings(model, dtype=dtype)
    return model if kept is None else json.dumps([kept, ends(model)], sort_keys=True)


def vocabulary(tokenizer: str) -> str:
    """The same for tokenizers that cut text alike; their chat templates may differ."""
    digest = hashlib.sha256()
    found = [path for name in TOKENIZER_FILES if (path := Path(tokenizer) / name).is_file()]
    for path in found:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest() if found else tokenizer


def weight_files(folder: Path) -> list[Path]:
    """The files the weights are in, whether they are there or not.

    Only the index's where there is one: some folders hold the same weights twice.
    """
    index = read_json(folder / INDEX)
    if index is None:
        return sorted(folder.glob("*.safetensors"))
    return [folder / name for name in sorted(set(index.get("weight_map", {}).values()))]


def tensors(folder: Path) -> Tensors | None:
    """Every tensor, from the files' headers; None where there is no such file."""
    found: Tensors = {}
    files = [path for path in weight_files(folder) if path.is_file()]
    for path in files:
        header, _ = _listed(path)
        found.update({n: Tensor(t["dtype"], tuple(t["shape"])) for n, t in header.items()})
    return found if files else None


def shapes(folder: Path) -> Shapes | None:
    """Every tensor's shape; None where there are no weights."""
    found = tensors(folder)
    return None if found is None else {name: tensor.shape for name, tensor in found.items()}


def cut_off(path: Path) -> bool:
    """Whether a file of weights ends before its last tensor does, as after a broken download."""
    header, start = _listed(path)
    last = max((int(tensor["data_offsets"][1]) for tensor in header.values()), default=0)
    return path.stat().st_size < start + last


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """What a safetensors file says of its tensors, and the byte at which they start.

    Raises ValueError if it is no such file.
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LARGEST_HEADER:
                raise ValueError("its header is too long")
            header = json.loads(file.read(length))
    except (OSError, ValueError, struct.error) as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    if not isinstance(header, dict):
        raise ValueError(f"{path} is not a safetensors file: its header lists no tensors")
    return header, 8 + length


def _listed(path: Path) -> tuple[dict[str, Any], int]:
    """The same of the tensors alone. ValueError if one is not told as the format wants it."""
    header, start = read_header(path)
    header.pop("__metadata__", None)
    for name, tensor in header.items():
        if not isinstance(tensor, dict) or not tensor.keys() >= ENTRY:
            raise ValueError(f"{path} is not a safetensors file: its header garbles {name}")
    return header, start


def difference(ours: Shapes, theirs: Shapes) -> str | None:
    """The first thing in which two models' tensors differ, in words; None if they fit."""
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            return f"it has no tensor {name}"
        if name not in ours:
            return f"it has a tensor {name} that the engine does not know"
        if ours[name] != theirs[name]:
            return f"its tensor {name} is {list(theirs[name])}, not {list(ours[name])}"
    return None


def read_json(path: Path) -> dict[str, Any] | None:
    """The file's object, or None where there is no such file; ValueError if it is not one."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} holds no JSON object")
    return data
