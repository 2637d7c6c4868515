"""What only a GPU has: engines that sleep, weights from pinned memory, families that share one."""

import asyncio
import shutil

import pytest

from experts.cards import Cluster
from experts.engines.expert import engine_statuses, opened
from tests.asking import said
from tests.bench import Bench, family_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="needs a CUDA device"),
    pytest.mark.timeout(600),
]

QUESTIONS = [f"How much is {n} and {n}?" for n in range(6)]
ROOMY = 10**9  # bytes


@pytest.fixture
def bench():
    bench = Bench.set_up("0")
    yield bench
    bench.close()


@pytest.fixture
def engine(bench, models):
    """Of the bases a and b, with a resident."""
    cards = {name: on_gpu(models, base) for name, base in (("alice", models.a), ("bob", models.b))}
    return bench.engine(family_of(cards), models.a, host_bytes=ROOMY)


def on_gpu(models, base, share=0.3, **options):
    return models.card(base, dtype="float16", gpus=share, seconds=300.0, **options)


@pytest.mark.parametrize("level", [1, 2])
def test_who_wakes_says_what_it_said_before(engine, models, level):
    alices = engine.says(QUESTIONS)
    engine.swap(models.b)
    bobs = engine.says(QUESTIONS)
    assert alices != bobs
    for base, texts in ((models.b, bobs), (models.a, alices), (models.b, bobs)):
        engine.sleep(level)
        engine.wake(base)
        assert engine.says(QUESTIONS) == texts


def test_weights_come_from_pinned_memory_and_are_the_same(engine, models):
    alices = engine.says(QUESTIONS)
    assert engine.swap(models.b) == "disk"
    bobs = engine.says(QUESTIONS)
    for _ in range(3):
        engine.reads(models.a)
        assert engine.swap(models.a) == "held"
        assert engine.says(QUESTIONS) == alices
        assert engine.swap(models.b) == "held"
        assert engine.says(QUESTIONS) == bobs


def test_adapters_stay_on_their_base_through_swaps_and_sleep(bench, models):
    adapter = str(models.adapter)
    cards = {
        "alice": on_gpu(models, models.a),
        "tuned": on_gpu(models, models.a, adapter=adapter),
        "bob": on_gpu(models, models.b),
    }
    engine = bench.engine(family_of(cards), models.a, host_bytes=ROOMY)
    alices, adapted = engine.says(QUESTIONS), engine.says(QUESTIONS, adapter)
    assert adapted != alices
    engine.swap(models.b)
    bobs = engine.says(QUESTIONS)
    for level in (None, 1, 2):
        if level:
            engine.sleep(level)
            engine.wake(models.a)
        else:
            engine.swap(models.a)
        assert engine.says(QUESTIONS, adapter) == adapted
        assert engine.says(QUESTIONS) == alices
        engine.swap(models.b)
        assert engine.says(QUESTIONS) == bobs


@pytest.mark.asyncio(loop_scope="session")
async def test_two_families_that_fill_a_gpu_take_turns(models):
    cards = {"alice": on_gpu(models, models.a, share=1.0), "carol": on_gpu(models, models.c, 1.0)}
    async with asyncio.timeout(500), opened(cards, Cluster(max_wait=1.0)) as experts:
        first = {name: await said(expert, *QUESTIONS) for name, expert in experts.items()}
        assert first["alice"] != first["carol"]
        for name in ("alice", "carol", "alice"):
            assert await said(experts[name], *QUESTIONS) == first[name]
            states = [status.state for status in await engine_statuses(experts.values())]
            assert sorted(states) == ["asleep", "awake"]
