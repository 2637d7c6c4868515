"""An engine's process is killed, at the worst moments."""

import asyncio
import os
import signal

import pytest

from experts.types import Failure, Prompt, Sampling
from tests import tiny_models
from tests.asking import said, status, waiting
from tests.pipes import piped

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTIONS = [f"How much is {n} and {n}?" for n in range(6)]
LONG = Prompt.of("Tell me all.", Sampling(max_tokens=240))


@pytest.fixture(autouse=True)
async def _deadline():
    async with asyncio.timeout(120):
        yield


def kill(status):
    os.kill(status.pid, signal.SIGKILL)


async def restarted_once(expert, before):
    after = await status(expert)
    assert after.pid != before.pid
    assert (after.restarts, after.up) == (before.restarts + 1, True)


async def streamed(expert, begun):
    texts = []
    async for chunks in expert.stream(LONG):
        texts += [chunk.text for chunk in chunks]
        begun.set()
    return "".join(texts)


async def test_a_death_in_the_middle_of_a_swap_is_made_up_for(experts, models):
    expected = await asyncio.to_thread(tiny_models.greedy, models.d, models.tokenizer, QUESTIONS)
    alices = await said(experts["alice"], *QUESTIONS)
    before = await status(experts["alice"])
    async with asyncio.TaskGroup() as group:
        with piped(models.d / "model.safetensors") as weights:
            asking = group.create_task(said(experts["dora"], *QUESTIONS))
            await weights.opened()
            kill(before)
        other = group.create_task(said(experts["alice"], *QUESTIONS))
    assert asking.result() == expected
    assert other.result() == alices
    await restarted_once(experts["dora"], before)


async def test_a_death_while_weights_are_read_ahead_is_made_up_for(experts, models):
    expected = await asyncio.to_thread(tiny_models.greedy, models.e, models.tokenizer, QUESTIONS)
    [whole] = await experts["talker"].ask([LONG])
    before, begun = await status(experts["alice"]), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        streaming = group.create_task(streamed(experts["talker"], begun))
        await begun.wait()
        with piped(models.e / "model.safetensors") as weights:
            asking = group.create_task(said(experts["emil"], *QUESTIONS))
            await weights.opened()
            assert not streaming.done()
            kill(before)
    assert streaming.result() == whole.text
    assert asking.result() == expected
    await restarted_once(experts["emil"], before)


async def test_an_engine_that_restarts_for_an_expert_without_weights_serves_the_others(
    experts, models
):
    """Who has waited longest decides what a new engine starts with."""
    before = await said(experts["bob"], *QUESTIONS)
    begun = asyncio.Event()
    streaming = asyncio.create_task(streamed(experts["talker"], begun))
    await begun.wait()
    ripped = asyncio.create_task(said(experts["ripped"], "Are you well?"))
    await waiting(experts["ripped"], models.ripped)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(said(experts["bob"], *QUESTIONS))
        await waiting(experts["bob"], models.b)
        streaming.cancel()
        kill(await status(experts["alice"]))
    [failure] = await ripped
    assert isinstance(failure, Failure)
    assert str(models.ripped) in failure.message
    assert asking.result() == before
    assert (await status(experts["bob"])).up
