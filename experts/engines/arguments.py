"""What an engine is built with and what a request is drawn with, in vLLM's words."""

from typing import Any

from experts.engines.families import Family
from experts.engines.generation import Request
from experts.engines.structured import grammar

CPU_BATCH = 64  # replies at once; more would only make each of them slower
GPU_BATCH = 256
GPU_ADAPTERS = 8  # in one batch
GPU_SHARE = 0.9  # of its part of a GPU that an engine takes; the rest is for what vLLM counts not


def batch_of(family: Family) -> int:
    """How many replies an engine of this family works on at once."""
    return GPU_BATCH if family.gpus else CPU_BATCH


def engine_arguments(family: Family, base: str, *, sleeps: bool) -> dict[str, Any]:
    """For an engine that starts with `base`. One that `sleeps` shares its GPU with others."""
    arguments: dict[str, Any] = {
        "model": base,
        "tokenizer": family.tokenizer,
        "dtype": family.dtype,
        "tensor_parallel_size": family.tensor_parallel,
        "max_model_len": family.max_model_len,
        "max_num_seqs": batch_of(family),
        "disable_log_stats": True,
        # Without blanks, with which a model could fill all the tokens that it has.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        "use_tqdm_on_load": False,
    }
    if family.tensor_parallel > 1:
        # Not Ray's own way, which would look for the GPUs outside of the actor that holds them.
        arguments["distributed_executor_backend"] = "mp"
    if family.gpus:
        arguments["gpu_memory_utilization"] = GPU_SHARE * min(family.gpus, 1.0)
        arguments["enable_sleep_mode"] = sleeps
    else:
        arguments["enforce_eager"] = True  # compiling takes longer than it ever saves on CPU
        arguments["kv_cache_memory_bytes"] = int(family.memory_gib * 2**30)
    if family.adapters:
        arguments |= _adapter_arguments(family)
    return arguments


def adapters_at_once(family: Family) -> int:
    """Places for adapters in one batch. On CPU, vLLM gives prompts without an adapter what is in
    the last place (its pull request 48421 tells why), so there that place is always empty."""
    adapters = len(family.adapters)
    return min(adapters, GPU_ADAPTERS) if family.gpus else adapters + 1


def _adapter_arguments(family: Family) -> dict[str, Any]:
    adapters = len(family.adapters)
    return {
        "enable_lora": True,
        "max_loras": adapters_at_once(family),
        "max_cpu_loras": adapters + 1,
        "max_lora_rank": family.lora_rank,
    }


def sampling_params(request: Request, max_tokens: int, *, streaming: bool) -> Any:
    """vLLM's parameters of one request."""
    from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

    schema = grammar(request.sampling.format) if request.sampling.format else None
    return SamplingParams(
        max_tokens=max_tokens,
        temperature=request.sampling.temperature,
        top_p=request.sampling.top_p,
        seed=request.sampling.seed,
        stop=list(request.sampling.stop),
        logprobs=request.sampling.logprobs,
        structured_outputs=StructuredOutputsParams(json=schema) if schema else None,
        output_kind=RequestOutputKind.DELTA if streaming else RequestOutputKind.FINAL_ONLY,
    )
