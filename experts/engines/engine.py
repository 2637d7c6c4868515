"""One vLLM engine as plain synchronous Python: add, step, abort, swap weights in place."""

import gc
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from experts.engines.arguments import batch_of, engine_arguments, sampling_params
from experts.engines.families import Family
from experts.engines.generation import Outcome, Piece, Refusal, Request
from experts.engines.likelihoods import tokens
from experts.engines.loading import Swap, SwapFailed, Weights
from experts.engines.templates import Templates
from experts.types import Cause, FinishReason

__all__ = ["Engine", "Produced", "SwapFailed"]

logger = logging.getLogger(__name__)


class Produced(NamedTuple):
    """What a step gave one request."""

    request_id: str
    outcome: Outcome


class Engine:
    """Owned by one thread, which builds it and makes every call.

    An exception other than `SwapFailed` means that the engine is beyond use.
    """

    def __init__(
        self, family: Family, base: str, *, host_bytes: int = 0, sleeps: bool = False
    ) -> None:
        """Loads `base`; up to `host_bytes` of other bases' weights are kept in host memory."""
        from vllm.engine.arg_utils import EngineArgs
        from vllm.v1.engine.llm_engine import LLMEngine

        # vLLM collects garbage five times as it starts; what was imported so far never is any.
        gc.freeze()
        started = time.perf_counter()
        self.family = family
        self.batch = batch_of(family)
        arguments = EngineArgs(**engine_arguments(family, base, sleeps=sleeps))
        self._llm: Any = LLMEngine.from_engine_args(arguments)
        self._context: int = self._llm.model_config.max_model_len
        self._templates = Templates(family.tokenizer)
        for adapter in family.adapters:
            self._try_adapter(adapter)
        self._weights = Weights(self._llm, family, base, host_bytes)
        self._asleep = 0  # the level
        self.start_seconds = time.perf_counter() - started
        self.steps = 0
        self.tokens = 0  # that passed through the model: read or written
        self._running: dict[str, int] = {}  # request: how many likeliest tokens it wants told
        self._swapped: list[Swap] = []

    @property
    def resident(self) -> str:
        return self._weights.resident

    @property
    def held(self) -> frozenset[str]:
        """Bases whose weights are in host memory."""
        return self._weights.held

    @property
    def held_bytes(self) -> int:
        return self._weights.held_bytes

    def add(self, request_id: str, request: Request, *, streaming: bool) -> Refusal | None:
        """Starts a request on the resident weights, or says why it never can be."""
        from vllm.exceptions import VLLMClientError
        from vllm.inputs.engine import tokens_input

        assert request.base == self.resident, "a request waits until its base is resident"
        try:
            tokens = self._templates.tokens(request)
            room = min(self._context, request.max_model_len or self._context) - len(tokens)
            if room < 1:
                return _too_long(len(tokens), len(tokens) + room)
            most = min(request.max_tokens, room)
            params = sampling_params(request, most, streaming=streaming)
            lora = self._lora(request.adapter)
            prompt = tokens_input(tokens, cache_salt=request.salt or None)
            self._llm.add_request(request_id, prompt, params, lora_request=lora)
        except (ValueError, TypeError, VLLMClientError) as error:
            if request.sampling.format is not None:  # nothing makes a grammar of it: in words alone
                return self.add(request_id, _unheld(request), streaming=streaming)
            # vLLM validates before it changes anything, so only this request is lost.
            return Refusal(Cause.REJECTED, f"the engine refused the prompt: {error}")
        self._running[request_id] = request.sampling.logprobs or 0
        self.tokens += len(tokens)
        return None

    def step(self) -> list[Produced]:
        """One forward pass over everything running; what it gave each request."""
        self.steps += 1
        self.tokens += len(self._running)
        outputs = [output for output in self._llm.step() if output.outputs]
        produced = [
            Produced(output.request_id, _outcome(output, self._running.get(output.request_id, 0)))
            for output in outputs
        ]
        self._forget(output.request_id for output in outputs if output.finished)
        return produced

    def abort(self, request_ids: Iterable[str]) -> None:
        """Forgets requests; ids that are unknown or done are fine."""
        ids = list(request_ids)
        self._forget(ids)
        self._llm.abort_request(ids)

    @property
    def busy(self) -> bool:
        return bool(self._llm.has_unfinished_requests())

    def expect(self, bases: Sequence[str]) -> None:
        """Reads weights ahead, given the bases that come next, soonest first."""
        self._weights.expect(bases)

    def ready(self, base: str) -> bool:
        """Whether a swap to a base would find its weights read, or nothing can be read ahead."""
        return self._weights.ready(base)

    def swap(self, base: str) -> float:
        """Makes `base` resident and returns the seconds it took. Only when nothing runs. Raises
        `SwapFailed`."""
        assert not self.busy, "weights are swapped only when the engine is drained"
        swap = self._weights.load(base)
        self._swapped.append(swap)
        return swap.seconds

    def swapped(self) -> list[Swap]:
        """What was swapped in since the last time anybody asked."""
        swapped, self._swapped = self._swapped, []
        return swapped

    def sleep(self, level: int) -> None:
        """Gives the GPU's memory back: level 1 keeps the weights in host memory, 2 drops them
        (vLLM's sleep mode). Only when nothing runs, and only an engine that `sleeps`."""
        assert not self.busy, "an engine sleeps only when it is drained"
        self._llm.sleep(level=level)
        self._asleep = level

    def wake(self, base: str) -> None:
        """Takes the memory again and makes `base` resident. Raises `SwapFailed`."""
        level, self._asleep = self._asleep, 0
        self._llm.wake_up(tags=["weights"])
        if level == 2:
            self._swapped.append(self._weights.load(base))  # what was there is gone
        self._llm.wake_up(tags=["kv_cache"])
        self._llm.reset_prefix_cache()
        if base != self.resident:
            self._swapped.append(self._weights.load(base))

    def close(self) -> None:
        """Ends what reads ahead."""
        self._weights.close()

    def _forget(self, request_ids: Iterable[str]) -> None:
        for request_id in request_ids:
            self._running.pop(request_id, None)

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


def _unheld(request: Request) -> Request:
    return replace(request, sampling=replace(request.sampling, format=None))


def _outcome(output: Any, likeliest: int) -> Outcome:
    reply = output.outputs[0]
    if reply.finish_reason == "error":  # so ends a reply whose grammar turns out to be none
        return Refusal(Cause.REJECTED, "the engine could not hold to response_format")
    finish: FinishReason = "length" if reply.finish_reason == "length" else "stop"
    return Piece(
        text=reply.text,
        prompt_tokens=len(output.prompt_token_ids or ()),
        cached_tokens=output.num_cached_tokens or 0,
        completion_tokens=len(reply.token_ids),
        finish=finish if output.finished else None,
        logprobs=tokens(reply, likeliest) if reply.logprobs else (),
    )


def _too_long(tokens: int, context: int) -> Refusal:
    return Refusal(
        Cause.TOO_LONG,
        f"the prompt has {tokens} tokens and the context is {context}; "
        f"shorten it to {context - 1} or fewer",
    )
