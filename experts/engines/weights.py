"""What a model folder says about itself, read without loading it."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

LARGEST_HEADER = 100_000_000  # bytes; the safetensors format's own limit
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "tekken.json")
# How a model was made and saved, which does not change what its engine must be.
INCIDENTAL = frozenset(
    {"_name_or_path", "transformers_version", "initializer_range", "use_cache", "attention_dropout"}
)

Shapes = dict[str, tuple[int, ...]]


def description(model: str, *, dtype: str) -> str:
    """What decides whether an engine fits: the shape, and the numbers that are not weights.

    A model that is not a folder here can only be told by its name.
    """
    config = read_json(Path(model) / "config.json")
    if config is None:
        return model
    kept = {key: value for key, value in config.items() if key not in INCIDENTAL}
    if dtype != "auto":
        kept = {k: v for k, v in kept.items() if k not in {"dtype", "torch_dtype"}}
    # A generation config may end replies at more tokens than the model's own config does.
    ends = (read_json(Path(model) / "generation_config.json") or {}).get("eos_token_id")
    return json.dumps([kept, ends], sort_keys=True)


def vocabulary(tokenizer: str) -> str:
    """The same for tokenizers that cut text alike; their chat templates may differ."""
    digest = hashlib.sha256()
    found = [path for name in TOKENIZER_FILES if (path := Path(tokenizer) / name).is_file()]
    for path in found:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest() if found else tokenizer


def shapes(folder: Path) -> Shapes | None:
    """Every tensor's shape, from the files' headers; None where there is no such file."""
    found: Shapes = {}
    files = sorted(folder.glob("*.safetensors"))
    for path in files:
        header, _ = read_header(path)
        found.update(
            {name: tuple(tensor["shape"]) for name, tensor in header.items() if "shape" in tensor}
        )
    return found if files else None


def cut_off(path: Path) -> bool:
    """Whether a file of weights ends before its last tensor does, as after a broken download."""
    header, start = read_header(path)
    ends = [tensor["data_offsets"][1] for tensor in header.values() if "data_offsets" in tensor]
    return path.stat().st_size < start + int(max(ends, default=0))


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
