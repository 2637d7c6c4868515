"""How much memory an engine needs for a model, worked out from its config and tensor headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experts.engines.arguments import GPU_SHARE
from experts.engines.weights import FLOATS, Tensors

GIB = 2**30
REPLIES = 32  # at once, in a typical batch
PROMPT_TOKENS = 512  # of a typical prompt
STEP_TOKENS = 8192  # that an engine on a GPU takes through the layers at once
STEP_TOKENS_CPU = 2048
RUNTIME_BYTES = 1 * GIB  # on each GPU: CUDA's context, its libraries, the recorded graphs
# How the card and a config write a type -> how a header does.
TYPES = {
    **{"float32": "F32", "float": "F32", "bfloat16": "BF16", "float16": "F16", "half": "F16"},
    "float64": "F64",
}
# The same number under the names it has in different configs.
LAYERS = ("num_hidden_layers", "num_layers", "n_layer", "n_layers")
HEADS = ("num_attention_heads", "n_head", "n_heads")
KV_HEADS = ("num_key_value_heads", "multi_query_group_num", "num_kv_heads")
HEAD_SIZE = ("head_dim", "kv_channels")
HIDDEN = ("hidden_size", "n_embd", "d_model")
INNER = ("intermediate_size", "ffn_hidden_size", "n_inner")
CONTEXT = ("max_position_embeddings", "n_positions", "seq_length", "max_seq_len")
# Signs of layers that keep something else than a key and a value per token and head.
UNLIKE = ("kv_lora_rank", "ssm_cfg", "mamba_d_state", "state_size", "linear_num_key_heads")

IN_A_LAYER = re.compile(r"\.\d+\.")  # a tensor's name


@dataclass(frozen=True, slots=True)
class Demand:
    """What an engine is built for, as far as it costs memory."""

    dtype: str  # as on the card: auto, float32, ...
    gpus: float
    tensor_parallel: int
    max_model_len: int | None
    max_tokens: int
    lora_slots: int = 0
    lora_rank: int = 0


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes over all GPUs of one engine with one model in it. None: it cannot be told."""

    weights_bytes: int
    kv_bytes_per_token: int | None
    context_tokens: int | None
    batch_tokens: int  # of a typical batch
    working_bytes: int  # a margin for activations, logits and, on GPUs, the runtime
    adapter_bytes: int = 0

    @property
    def kv_sequence_bytes(self) -> int | None:
        """Of one sequence as long as the context."""
        if self.kv_bytes_per_token is None or self.context_tokens is None:
            return None
        return self.kv_bytes_per_token * self.context_tokens

    @property
    def kv_batch_bytes(self) -> int | None:
        if self.kv_bytes_per_token is None:
            return None
        return self.kv_bytes_per_token * self.batch_tokens

    @property
    def least_bytes(self) -> int:
        """Without which no engine starts: it must hold one sequence of full length."""
        return self.fixed_bytes + (self.kv_sequence_bytes or 0)

    @property
    def batch_bytes(self) -> int:
        """With which a typical batch runs without waiting."""
        return self.fixed_bytes + max(self.kv_batch_bytes or 0, self.kv_sequence_bytes or 0)

    @property
    def fixed_bytes(self) -> int:
        return self.weights_bytes + self.working_bytes + self.adapter_bytes


def footprint(config: Mapping[str, Any], tensors: Tensors, demand: Demand) -> Footprint:
    """What the model needs once it is loaded as the card wants it."""
    text = _text(config)
    dtype = number_type(config, demand.dtype)
    width = 4 if dtype == "F32" else 2
    context = demand.max_model_len or _first(text, CONTEXT)
    typical = demand.max_tokens + PROMPT_TOKENS
    return Footprint(
        weights_bytes=weights_bytes(config, tensors, dtype),
        kv_bytes_per_token=kv_bytes_per_token(text, width),
        context_tokens=context,
        batch_tokens=REPLIES * min(typical, context or typical),
        working_bytes=_working_bytes(text, width, demand),
        adapter_bytes=_adapter_bytes(tensors, width, demand),
    )


def number_type(config: Mapping[str, Any], dtype: str) -> str:
    """The type that weights are loaded as; for `auto` the config's, and never 32 bits, as vLLM."""
    if dtype != "auto":
        return TYPES[dtype]
    said = _text(config).get("dtype") or _text(config).get("torch_dtype") or ""
    said = said or config.get("dtype") or config.get("torch_dtype") or ""
    found = TYPES.get(str(said).removeprefix("torch."), "BF16")
    return found if found in {"BF16", "F16"} else "BF16"


def weights_bytes(config: Mapping[str, Any], tensors: Tensors, dtype: str) -> int:
    """Of one copy. A head that is tied to the embeddings costs nothing of its own."""
    tied = bool(config.get("tie_word_embeddings"))
    return sum(
        tensor.stored_bytes(dtype)
        for name, tensor in tensors.items()
        if not (tied and name == "lm_head.weight")
    )


def kv_bytes_per_token(text: Mapping[str, Any], width: int) -> int | None:
    """Keys and values of one token in all layers. An upper bound where layers slide a window."""
    layers, heads = _first(text, LAYERS), _first(text, HEADS)
    if layers is None or heads is None or any(text.get(sign) for sign in UNLIKE):
        return None
    size, hidden = _first(text, HEAD_SIZE), _first(text, HIDDEN)
    if size is None and hidden is None:
        return None
    kv_heads = _first(text, KV_HEADS) or heads
    return 2 * layers * kv_heads * (size or (hidden or 0) // heads) * width


def unlike(config: Mapping[str, Any]) -> str | None:
    """Why the cache of this model's tokens is not estimated; None if it is."""
    text = _text(config)
    if text.get("kv_lora_rank"):
        return "its KV cache is not estimated: it has multi-head latent attention"
    if kv_bytes_per_token(text, 1) is None:
        return "its KV cache is not estimated: its layers are not plain attention"
    return None


def too_long(config: Mapping[str, Any], max_model_len: int | None) -> str | None:
    """Why an engine refuses this context. What scaled positions reach is not judged."""
    text = _text(config)
    most = _first(text, CONTEXT)
    if max_model_len is None or most is None or max_model_len <= most or _scaled(text):
        return None
    return f"max_model_len is {max_model_len} and the model was made for {most} tokens"


def _scaled(text: Mapping[str, Any]) -> bool:
    found = text.get("rope_scaling") or text.get("rope_parameters") or {}
    return "factor" in found or any(isinstance(part, dict) for part in found.values())


def room_bytes(demand: Demand, gpu_memory_gib: float) -> int:
    """What an engine may fill of its GPUs together."""
    return int(demand.tensor_parallel * gpu_memory_gib * GIB * GPU_SHARE * min(demand.gpus, 1.0))


def misfit(needed: Footprint, demand: Demand, *, gpu_gib: float | None, cpu_gib: float) -> str:
    """Why an engine cannot start with this; empty if it can, or if the GPUs are unknown."""
    sequence = needed.kv_sequence_bytes
    if not demand.gpus:
        if sequence is None or sequence <= cpu_gib * GIB:
            return ""
        return (
            f"a sequence of {needed.context_tokens} tokens needs {gib(sequence)} of KV cache and "
            f"memory_gib gives {cpu_gib:g}; raise it or lower max_model_len"
        )
    if gpu_gib is None:
        return ""
    room = room_bytes(demand, gpu_gib)
    if needed.least_bytes <= room:
        return ""
    return (
        f"it needs {gib(needed.least_bytes)} to start and may fill {gib(room)} of its GPUs; lower "
        "max_model_len, or give it more GPUs by tensor_parallel"
    )


def gib(size: int) -> str:
    """Bytes for people."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / 2**20:.1f} MiB"


def _working_bytes(text: Mapping[str, Any], width: int, demand: Demand) -> int:
    """A rough margin: the widest activations of a step, and 32-bit logits twice for sampling."""
    hidden, vocabulary = _first(text, HIDDEN) or 0, int(text.get("vocab_size") or 0)
    inner = _first(text, INNER) or 4 * hidden
    step = STEP_TOKENS if demand.gpus else STEP_TOKENS_CPU
    activations = step * (4 * hidden + 2 * inner) * width
    logits = 2 * REPLIES * vocabulary * 4
    return activations + logits + (RUNTIME_BYTES * demand.tensor_parallel if demand.gpus else 0)


def _adapter_bytes(tensors: Tensors, width: int, demand: Demand) -> int:
    """An engine keeps room of the full rank on every matrix, whatever an adapter changes."""
    ends = sum(
        sum(tensor.shape)
        for name, tensor in tensors.items()
        if len(tensor.shape) == 2 and tensor.dtype in FLOATS and IN_A_LAYER.search(name)
    )
    return demand.lora_slots * demand.lora_rank * ends * width


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part about text, of a model that takes images too."""
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) else config


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((int(config[name]) for name in names if isinstance(config.get(name), int)), None)
