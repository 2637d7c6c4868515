"""A model that LiteLLM knows how to call: for providers whose wire format is their own.

LiteLLM costs seconds to import and 20 times the CPU of a plain call, so nothing here touches it
before the first reply, and cards with a `base_url` go without it.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from multidict import CIMultiDict

from experts.cards import HostedCard
from experts.errors import (
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    ExpertError,
    PromptTooLong,
)
from experts.hosted.masking import masked, told
from experts.hosted.openai_stream import StreamReader
from experts.hosted.openai_wire import answer, request, retry_after, retryable
from experts.hosted.roots import causes, root
from experts.types import Answer, Chunk, Prompt, Usage

# By name, so that LiteLLM need not be imported to read this. A subclass has its parent's.
COUNTERPARTS: dict[str, type[ExpertError]] = {
    "AuthenticationError": BackendRejected,
    "PermissionDeniedError": BackendRejected,
    "NotFoundError": BackendRejected,
    "BadRequestError": BackendRejected,
    "UnsupportedParamsError": BackendRejected,
    "UnprocessableEntityError": BackendRejected,
    "ContextWindowExceededError": PromptTooLong,
    "PaymentRequiredError": BackendRejected,
    "RejectedRequestError": BackendRejected,
    "ContentPolicyViolationError": BackendRejected,
    "JSONSchemaValidationError": BackendRejected,
    "Timeout": BackendTimeout,
    "RateLimitError": BackendUnavailable,
    "InternalServerError": BackendUnavailable,
    "ServiceUnavailableError": BackendUnavailable,
    "BadGatewayError": BackendUnavailable,
    "APIConnectionError": BackendUnavailable,
    "APIResponseValidationError": BackendUnavailable,
    "APIError": BackendUnavailable,
    "OpenAIError": BackendUnavailable,
}

UNANSWERED = {"APIConnectionError", "Timeout", "OpenAIError"}  # nobody, or LiteLLM itself broke
TRANSPORT = {"OSError", "ClientError", "TransportError"}  # the system's, aiohttp's, HTTPX's

# What a reply without would not be an answer to: a provider that cannot is to say so.
KEPT = ("tools", "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs")


def library() -> Any:
    """LiteLLM, kept from calling home. Takes seconds the first time: call it in a thread."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # read while importing
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True  # or it prints advertisements beside errors
    return litellm


class LiteLLMBackend:
    """One card's model, by LiteLLM's name for it."""

    def __init__(self, name: str, card: HostedCard) -> None:
        self._name = name
        self._card = card
        self._key = card.api_key.get_secret_value().strip() if card.api_key else ""

    async def reply(self, prompt: Prompt) -> Answer:
        async with self._called(prompt, stream=False) as (litellm, response):
            reply = answer(self._name, response.model_dump(), self._card.price)
            return replace(reply, usage=self._priced(litellm, reply.usage))

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Sequence[Chunk], None]:
        reader = StreamReader(self._card.price)
        async with self._called(prompt, stream=True) as (litellm, events):
            try:
                async for event in events:
                    if chunks := reader.take(event.model_dump()):
                        yield chunks
            finally:
                await events.aclose()
            last = reader.end()
            yield [replace(last, usage=self._priced(litellm, last.usage or Usage()))]

    @asynccontextmanager
    async def _called(self, prompt: Prompt, *, stream: bool) -> AsyncIterator[tuple[Any, Any]]:
        litellm = await asyncio.to_thread(library)
        body = request(self._card, prompt, stream=stream)
        try:
            yield (
                litellm,
                await litellm.acompletion(
                    **body,
                    api_key=self._key or None,
                    timeout=self._card.seconds,
                    max_retries=0,
                    num_retries=0,
                    drop_params=True,  # a model that takes no seed, say, is asked without
                    allowed_openai_params=[name for name in KEPT if name in body],
                ),
            )
        except tuple(litellm.exceptions.LITELLM_EXCEPTION_TYPES) as error:
            raise self._translated(error) from error
        except ExpertError as error:  # what an answer says went wrong
            error.args = (told(str(error), self._key),)
            raise

    def _translated(self, error: Any) -> ExpertError:
        kind = _counterpart(error)
        message = "the call failed; the service's log says why"
        if _answered(error):
            message = told(" ".join(str(error).split()), self._key)
        detail = masked(f"{self._card.model} by LiteLLM: {root(error)}", self._key)
        if not issubclass(kind, BackendUnavailable):
            return kind(message, detail=detail)
        headers = getattr(error, "litellm_response_headers", None)  # only on some errors
        return kind(message, retry_after(CIMultiDict(headers or {})), detail=detail)

    def _priced(self, litellm: Any, usage: Usage) -> Usage:
        """The card's price goes before LiteLLM's, which may not know the model's."""
        if usage.cost_usd is not None or not usage.prompt_tokens:
            return usage
        try:
            input_usd, output_usd = litellm.cost_per_token(
                model=self._card.model,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
            )
        except Exception:  # noqa: BLE001 - what it raises for a model it has no price of varies
            return usage
        return replace(usage, cost_usd=input_usd + output_usd)


def _answered(error: Any) -> bool:
    """Whether the provider said something. Otherwise the words are LiteLLM's own, which name hosts
    and addresses."""
    names = {kind.__name__ for cause in causes(error) for kind in type(cause).__mro__[:-1]}
    return type(error).__name__ not in UNANSWERED and names.isdisjoint(TRANSPORT)


def _counterpart(error: Any) -> type[ExpertError]:
    """The nearest class in the table; but APIError is also what LiteLLM makes of a status that
    it has no class for, and of an error in an answer of status 200, then without a status."""
    names = [kind.__name__ for kind in type(error).__mro__]
    status: int | None = getattr(error, "status_code", None)
    if names[0] == "APIError" and status is not None and not retryable(status):
        return BackendRejected
    return next(COUNTERPARTS[name] for name in names if name in COUNTERPARTS)
