"""One vLLM engine as plain synchronous Python: add, step, abort, swap weights in place."""

import gc
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from experts.engines.families import Family
from experts.engines.generation import Outcome, Piece, Refusal, Request
from experts.engines.weights import difference, shapes
from experts.types import Cause, FinishReason

logger = logging.getLogger(__name__)

CPU_BATCH = 64  # replies at once; more would only make each of them slower
GPU_BATCH = 256


class SwapFailed(Exception):  # noqa: N818 - named for the state it reports
    """The new weights could not be loaded; the old ones are resident and working."""


class Produced(NamedTuple):
    """What a step gave one request."""

    request_id: str
    outcome: Outcome


class Engine:
    """Owned by one thread, which builds it and makes every call.

    An exception other than `SwapFailed` means that the engine is beyond use.
    """

    def __init__(self, family: Family) -> None:
        from vllm.engine.arg_utils import EngineArgs
        from vllm.v1.engine.llm_engine import LLMEngine

        # vLLM collects garbage five times as it starts; what was imported so far never is any.
        gc.freeze()
        started = time.perf_counter()
        self.family = family
        self.resident = family.bases[0]
        self.batch = GPU_BATCH if family.gpus else CPU_BATCH
        self._llm: Any = LLMEngine.from_engine_args(EngineArgs(**_arguments(family, self.batch)))
        self._context: int = self._llm.model_config.max_model_len
        self._tokenizers: dict[str, Any] = {}
        for adapter in family.adapters:
            self._try_adapter(adapter)
        self.start_seconds = time.perf_counter() - started

    def add(self, request_id: str, request: Request, *, streaming: bool) -> Refusal | None:
        """Starts a request on the resident weights, or says why it never can be."""
        from vllm.inputs.engine import tokens_input

        assert request.base == self.resident, "a request waits until its base is resident"
        try:
            tokens = self._tokens(request)
            room = min(self._context, request.max_model_len or self._context) - len(tokens)
            if room < 1:
                return _too_long(len(tokens), len(tokens) + room)
            params = _params(request, min(request.max_tokens, room), streaming=streaming)
            self._llm.add_request(
                request_id, tokens_input(tokens), params, lora_request=self._lora(request.adapter)
            )
        except (ValueError, TypeError) as error:
            # vLLM validates before it changes anything, so only this request is lost.
            return Refusal(Cause.REJECTED, f"the engine refused the prompt: {error}")
        return None

    def step(self) -> list[Produced]:
        """One forward pass over everything running; what it gave each request."""
        return [
            Produced(output.request_id, _piece(output))
            for output in self._llm.step()
            if output.outputs
        ]

    def abort(self, request_ids: Iterable[str]) -> None:
        """Forgets requests; ids that are unknown or done are fine."""
        self._llm.abort_request(list(request_ids))

    @property
    def busy(self) -> bool:
        return bool(self._llm.has_unfinished_requests())

    def swap(self, base: str) -> float:
        """Makes `base` resident and returns the seconds it took. Only when nothing runs."""
        assert not self.busy, "weights are swapped only when the engine is drained"
        started = time.perf_counter()
        self._check_fits(base)
        try:
            self._load(base)
        except Exception as error:  # whatever the loader raises: roll back
            # If this raises too, no weights are whole: the process must go.
            self._load(self.resident)
            raise SwapFailed(f"the weights of {base} cannot be loaded: {error}") from error
        self.resident = base
        return time.perf_counter() - started

    def _load(self, base: str) -> None:
        self._llm.collective_rpc("reload_weights", kwargs={"weights_path": base})
        if not self.family.gpus:
            self._llm.apply_model(_repack_head)
        self._llm.reset_prefix_cache()

    def _check_fits(self, base: str) -> None:
        """vLLM only warns when tensors are missing, and would go on with a mixed model."""
        try:
            ours, theirs = shapes(Path(self.resident)), shapes(Path(base))
        except ValueError as error:
            raise SwapFailed(f"the weights of {base} cannot be loaded: {error}") from error
        if ours is None or theirs is None:
            return
        wrong = difference(ours, theirs)
        if wrong is not None:
            raise SwapFailed(f"the weights of {base} do not fit the engine: {wrong}")

    def _tokens(self, request: Request) -> list[int]:
        tokenizer = self._tokenizer(request.tokenizer or self.family.tokenizer)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        except Exception as error:
            # Templates raise their own errors, for instance where they know no system role.
            raise ValueError(f"its chat template says: {error}") from error
        # The template writes the special tokens; a second set would be a different prompt.
        tokens: list[int] = tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def _tokenizer(self, name: str) -> Any:
        if name not in self._tokenizers:
            from transformers import AutoTokenizer

            self._tokenizers[name] = AutoTokenizer.from_pretrained(name)
        return self._tokenizers[name]

    def _try_adapter(self, adapter: str) -> None:
        """Loads it before anybody asks: one that fails in a step would take the engine with it."""
        try:
            self._llm.add_lora(self._lora(adapter))
        except Exception as error:
            raise ValueError(f"the adapter {adapter} cannot be loaded: {error}") from error

    def _lora(self, adapter: str | None) -> Any:
        if adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        number = self.family.adapters.index(adapter) + 1
        return LoRARequest(adapter, number, adapter)


def _repack_head(model: Any) -> None:
    """On CPU the output head multiplies by a packed copy of its weights. Where it is tied to the
    embeddings, a reload renews these and leaves the copy as it was: the old model's."""
    head = getattr(model, "lm_head", None)
    if head is not None and hasattr(head, "cpu_linear"):
        head.quant_method.process_weights_after_loading(head)


def _arguments(family: Family, batch: int) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "model": family.bases[0],
        "tokenizer": family.tokenizer,
        "dtype": family.dtype,
        "tensor_parallel_size": family.tensor_parallel,
        "max_model_len": family.max_model_len,
        "max_num_seqs": batch,
        "disable_log_stats": True,
    }
    if family.tensor_parallel > 1:
        # Not Ray's own way, which would look for the GPUs outside of the actor that holds them.
        arguments["distributed_executor_backend"] = "mp"
    if family.gpus:
        arguments["gpu_memory_utilization"] = 0.9 * min(family.gpus, 1.0)
    else:
        arguments["enforce_eager"] = True  # compiling takes longer than it ever saves on CPU
        arguments["kv_cache_memory_bytes"] = int(family.memory_gib * 2**30)
    if family.adapters:
        adapters = len(family.adapters)
        arguments |= {
            "enable_lora": True,
            # In one batch. On CPU, vLLM gives prompts without an adapter what is in the last
            # place (its pull request 48421 tells why), so there that place is always empty.
            "max_loras": min(adapters, 8) if family.gpus else adapters + 1,
            "max_cpu_loras": adapters + 1,
            "max_lora_rank": family.lora_rank,
        }
    return arguments


def _params(request: Request, max_tokens: int, *, streaming: bool) -> Any:
    from vllm.sampling_params import RequestOutputKind, SamplingParams

    return SamplingParams(
        max_tokens=max_tokens,
        temperature=request.sampling.temperature,
        top_p=request.sampling.top_p,
        seed=request.sampling.seed,
        stop=list(request.sampling.stop),
        output_kind=RequestOutputKind.DELTA if streaming else RequestOutputKind.FINAL_ONLY,
    )


def _piece(output: Any) -> Piece:
    reply = output.outputs[0]
    finish: FinishReason = "length" if reply.finish_reason == "length" else "stop"
    return Piece(
        text=reply.text,
        prompt_tokens=len(output.prompt_token_ids or ()),
        completion_tokens=len(reply.token_ids),
        finish=finish if output.finished else None,
    )


def _too_long(tokens: int, context: int) -> Refusal:
    return Refusal(
        Cause.TOO_LONG,
        f"the prompt has {tokens} tokens and the context is {context}; "
        f"shorten it to {context - 1} or fewer",
    )
