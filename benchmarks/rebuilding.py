"""The other way to change models: an engine is built for each, asked, and taken apart.

So Symbolic-MoE's published code does it, once per expert and batch: it loads a model in vLLM, has
it answer all its questions, and ends it. Its pause of ten seconds between two is left out.
"""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from api.settings import Settings
from experts.cards import VllmCard
from experts.engines.engine import Engine
from experts.engines.families import Family, families, tokenizer_of
from experts.engines.generation import Request
from experts.engines.processes import Berth, environment
from experts.prompts import conversation
from experts.types import Prompt


class Builder:
    """A Ray actor's class: one process in which engines come and go, vLLM imported once."""

    def __init__(self) -> None:
        from vllm.v1.engine import llm_engine  # noqa: F401 - what takes long is importing it

    def seconds(self, family: Family, requests: Sequence[Request]) -> float:
        """To build an engine, have it answer, and take it apart."""
        started = perf_counter()
        engine = Engine(family, requests[0].base)
        for number, request in enumerate(requests):
            engine.add(str(number), request, streaming=False)
        while engine.busy:
            engine.step()
        engine.close()
        del engine
        gc.unfreeze()  # what an engine froze as it started is garbage now
        gc.collect()
        return perf_counter() - started


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """Asks experts in engines that are built for them."""

    cards: dict[str, VllmCard]
    family: Family
    builder: Any

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: Settings, threads: int = 1) -> AsyncIterator["Rebuilding"]:
        """Within a Ray that runs, until the context ends."""
        import ray

        cards = {n: c for n, c in settings.experts.items() if isinstance(c, VllmCard)}
        (family,) = families(cards)
        variables = environment(Berth("anywhere"), threads, offline=True)
        actor = ray.remote(num_cpus=0, runtime_env={"env_vars": variables})(Builder).remote()
        try:
            yield cls(cards, family, actor)
        finally:
            ray.kill(actor)

    async def seconds(self, expert: str, prompts: Sequence[Prompt]) -> float:
        """What it takes to have an expert answer these, its engine built for them."""
        card = self.cards[expert]
        requests = [
            Request(
                base=card.model,
                messages=conversation(card.prompt, prompt.messages),
                max_tokens=card.max_tokens,
                sampling=prompt.sampling,
                tokenizer=tokenizer_of(card),
                max_model_len=card.max_model_len,
            )
            for prompt in prompts
        ]
        seconds: float = await self.builder.seconds.remote(self.family, requests)
        return seconds
