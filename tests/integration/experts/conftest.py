"""One Ray cluster and two engines for the whole file, because they take most of a minute."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
import pytest_asyncio

from experts.cards import Cluster, VllmCard
from experts.engines.expert import VllmExpert, opened
from tests import tiny_models


@dataclass(frozen=True, slots=True)
class Models:
    tokenizer: Path
    a: Path
    b: Path
    c: Path  # of another shape
    adapter: Path  # on a
    broken: Path  # looks like a
    ripped: Path  # as well
    d: Path  # like a and b, and in no other test than that of one death
    e: Path

    def card(self, model: Path, **options) -> VllmCard:
        small = {"dtype": "float32", "memory_gib": 0.25, "max_tokens": 24, "seconds": 60.0}
        return VllmCard(
            kind="vllm", model=str(model), tokenizer=str(self.tokenizer), **(small | options)
        )


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    a = tiny_models.llama(folder / "a", seed=1)
    return Models(
        tiny_models.tokenizer(folder / "tokenizer"),
        a,
        tiny_models.llama(folder / "b", seed=2),
        tiny_models.llama(folder / "c", seed=3, layers=1),
        tiny_models.lora(folder / "adapter", a, seed=4),
        tiny_models.broken(folder / "broken", a),
        tiny_models.broken(folder / "ripped", a),
        tiny_models.llama(folder / "d", seed=5),
        tiny_models.llama(folder / "e", seed=6),
    )


@pytest.fixture(scope="session")
def cards(models) -> MappingProxyType[str, VllmCard]:
    return MappingProxyType(
        {
            "alice": models.card(models.a),
            "bob": models.card(models.b, price={"input": 1.0, "output": 2.0}),
            "tuned": models.card(models.a, adapter=str(models.adapter)),
            "told": models.card(models.a, prompt="Be brief."),
            "torn": models.card(models.broken),
            "hurried": models.card(models.a, seconds=0.1, max_tokens=240),
            "talker": models.card(models.a, max_tokens=240),
            "carol": models.card(models.c),
            "ripped": models.card(models.ripped),
            "dora": models.card(models.d),
            "emil": models.card(models.e),
        }
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def experts(cards) -> dict[str, VllmExpert]:
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(120):
            experts = await stack.enter_async_context(opened(cards, Cluster(max_wait=1.0)))
        yield experts
