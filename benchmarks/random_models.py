"""Random models of published shapes: as large to read and to run as real ones, with nothing to say.

Part of `benchmarks.swaps`.
"""

from pathlib import Path
from typing import NamedTuple

from tests.tiny_models import SPECIAL


class Shape(NamedTuple):
    """As a Llama's config tells it."""

    layers: int
    hidden: int
    between: int
    heads: int
    kv_heads: int


SHAPES = {
    "tiny": Shape(4, 256, 512, 4, 2),
    "1B": Shape(16, 2048, 8192, 32, 8),  # Llama 3.2
    "3B": Shape(28, 3072, 8192, 24, 8),  # Llama 3.2
    "8B": Shape(32, 4096, 14336, 32, 8),  # Llama 3.1
}
VOCABULARY = 128  # characters: the embeddings of a real one are left out
CONTEXT = 4096  # tokens
SPREAD = 0.05  # of the weights: wide enough that two seeds say different things
FILE_LAYERS = 8  # layers in one file, as models of this size come


def model(folder: Path, shape: str, seed: int) -> Path:
    """Writes one; its tensors are a Llama's, in bfloat16."""
    import torch
    from safetensors.torch import save_file
    from transformers import LlamaConfig, LlamaForCausalLM

    known = SHAPES[shape]
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=known.hidden,
        intermediate_size=known.between,
        num_hidden_layers=known.layers,
        num_attention_heads=known.heads,
        num_key_value_heads=known.kv_heads,
        max_position_embeddings=CONTEXT,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=False,
        dtype="bfloat16",
        architectures=["LlamaForCausalLM"],
    )
    config.save_pretrained(str(folder))
    with torch.device("meta"):
        names = {name: each.shape for name, each in LlamaForCausalLM(config).state_dict().items()}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chance = torch.Generator(device).manual_seed(seed)
    parts: dict[int, dict[str, torch.Tensor]] = {}
    for name, size in names.items():
        tensor = torch.empty(size, device=device, dtype=torch.bfloat16)
        if "norm" in name:
            tensor.fill_(1)
        else:
            tensor.normal_(std=SPREAD, generator=chance)
        if name == "lm_head.weight":
            tensor[: len(SPECIAL)] = 0  # text only, and no early end
        layer = int(name.split(".")[2]) if ".layers." in name else 0
        parts.setdefault(layer // FILE_LAYERS, {})[name] = tensor.cpu()
    for number, part in parts.items():
        save_file(part, folder / f"model-{number}.safetensors", {"format": "pt"})
    return folder
