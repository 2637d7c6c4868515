"""Experts on real engines: real Ray, real vLLM, models of a few thousand weights."""

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import aclosing
from dataclasses import replace

import psutil
import pytest

from experts.cards import Cluster
from experts.engines.expert import engine_statuses, opened
from experts.errors import BackendRejected, RegistryError
from experts.types import Answer, Cause, Failure, JsonFormat, Message, Prompt, Sampling
from orchestrator.answers.structured import complaint
from tests import tiny_models
from tests.asking import idle, running, said, status
from tests.streams import gathered

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTIONS = [f"How much is {n} and {n}?" for n in range(6)]
LONG = Sampling(max_tokens=240)
SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 1, "maximum": 99},
        "w": {"enum": ["x", "y"]},
    },
    "required": ["n", "w"],
}


@pytest.fixture(autouse=True)
async def _deadline():
    async with asyncio.timeout(90):
        yield


async def test_experts_of_one_shape_share_an_engine_and_another_shape_has_its_own(experts):
    shared = {(await status(experts[name])).pid for name in experts if name != "carol"}
    assert len(shared) == 1
    assert (await status(experts["carol"])).pid not in shared
    assert len(await engine_statuses(experts.values())) == 2


async def test_after_any_swaps_an_expert_says_what_it_said_at_first(experts):
    names = ["alice", "bob", "carol", "tuned", "told"]
    first = {name: await said(experts[name], *QUESTIONS) for name in names}
    assert len({tuple(texts) for texts in first.values()}) == len(names)
    rng = random.Random(7)
    for name in rng.choices(names, k=30):
        ask = rng.sample(range(len(QUESTIONS)), 3)
        expected = [first[name][i] for i in ask]
        assert await said(experts[name], *(QUESTIONS[i] for i in ask)) == expected


async def test_a_swapped_in_model_speaks_as_in_an_engine_of_its_own(experts, models):
    await said(experts["alice"], "x")
    swapped = await said(experts["bob"], *QUESTIONS)
    assert swapped == await asyncio.to_thread(
        tiny_models.greedy, models.b, models.tokenizer, QUESTIONS
    )


async def test_adapters_and_prompts_ride_on_their_base_without_a_swap(experts):
    await said(experts["alice"], "x")
    before = await idle(experts["alice"])
    riders = ("alice", "tuned", "told")
    together = await asyncio.gather(*(said(experts[name], *QUESTIONS) for name in riders))
    alone = [await said(experts[name], *QUESTIONS) for name in riders]
    assert together == alone
    assert (await idle(experts["alice"])).swaps == before.swaps


async def test_experts_asked_at_once_cost_one_swap_each_at_most(experts):
    await said(experts["alice"], "x")
    before = await idle(experts["alice"])
    await asyncio.gather(*(said(experts[n], q) for q in QUESTIONS for n in ("alice", "bob")))
    assert (await idle(experts["alice"])).swaps == before.swaps + 1


async def test_nobody_finds_in_the_prefix_cache_what_was_read_under_another_salt(experts):
    async def found(salt: str) -> tuple[str, int]:
        before = (await idle(experts["alice"])).cached_tokens
        [reply] = await experts["alice"].ask([replace(Prompt.of("secret" * 36), salt=salt)])
        return reply.text, (await idle(experts["alice"])).cached_tokens - before

    mine, yours = "a" * 64, "b" * 64
    told = [await found(salt) for salt in (mine, mine, yours, "", yours)]
    assert len({text for text, _ in told}) == 1
    assert [tokens > 0 for _, tokens in told] == [False, True, False, False, True]


@pytest.mark.parametrize("name", ["alice", "tuned"])
async def test_a_streams_chunks_join_to_what_ask_returns(experts, name):
    prompt = Prompt.of("Tell me all.", Sampling(max_tokens=24))
    [answer] = await experts[name].ask([prompt])
    chunks = await gathered(experts[name].stream(prompt))
    assert "".join(chunk.text for chunk in chunks) == answer.text
    assert (chunks[-1].finish, chunks[-1].usage) == (answer.finish, answer.usage)
    assert len(chunks) < answer.usage.completion_tokens / 2


async def test_a_prompt_that_is_too_long_fails_alone(experts):
    texts = await said(experts["alice"], "short", "long" * 200, "brief")
    assert isinstance(texts[1], Failure)
    assert texts[1].cause is Cause.TOO_LONG
    assert "802 tokens and the context is 256" in texts[1].message
    assert texts[::2] == await said(experts["alice"], "short", "brief")


async def test_a_stream_of_a_prompt_that_is_too_long_raises(experts):
    with pytest.raises(BackendRejected, match="context is 256"):
        async for _ in experts["alice"].stream(Prompt.of("long" * 200)):
            pass


async def test_replies_are_cut_where_the_context_ends(models, experts):
    [reply] = await experts["talker"].ask([Prompt.of("x" * 245, Sampling(max_tokens=240))])
    assert isinstance(reply, Answer)
    assert reply.usage.prompt_tokens + reply.usage.completion_tokens <= 256


async def test_a_reply_has_its_price(experts):
    [reply] = await experts["bob"].ask([Prompt.of("How much?")])
    used = reply.usage
    assert used.cost_usd == pytest.approx((used.prompt_tokens + 2 * used.completion_tokens) / 1e6)


async def test_a_system_message_of_the_caller_follows_the_experts_own(experts):
    theirs = Prompt((Message("system", "Be brief."), Message("user", "Why?")))
    [alice] = await experts["alice"].ask([theirs])
    assert [alice.text] == await said(experts["told"], "Why?")


@pytest.mark.parametrize("name", ["alice", "bob", "tuned"])
async def test_a_reply_is_held_to_its_schema_as_it_is_drawn(experts, name):
    format_ = JsonFormat(json.dumps(SCHEMA))
    prompts = [Prompt.of(q, Sampling(format=format_, max_tokens=24)) for q in QUESTIONS[:2]]
    for reply in await experts[name].ask(prompts):
        assert complaint(reply.text, format_) == ""


async def test_a_schema_that_no_grammar_says_leaves_a_reply_as_it_would_be(experts):
    odd = Sampling(format=JsonFormat('{"not": {"type": "null"}}'))
    [reply] = await experts["alice"].ask([Prompt.of("x", odd)])
    assert [reply.text] == await said(experts["alice"], "x")


async def test_the_tokens_that_are_told_join_to_the_text_and_the_greedy_one_is_likeliest(experts):
    prompt = Prompt.of("Tell me all.", Sampling(logprobs=2, max_tokens=12))
    [reply] = await experts["alice"].ask([prompt])
    chunks = await gathered(experts["alice"].stream(prompt))
    assert "".join(token.text for token in reply.logprobs) == reply.text
    assert all(
        len(token.top) == 2 and token.logprob == token.top[0].logprob for token in reply.logprobs
    )
    streamed = [token for chunk in chunks for token in chunk.logprobs]
    assert [token.text for token in streamed] == [token.text for token in reply.logprobs]


@pytest.mark.parametrize("way", ["ask", "stream"])
async def test_cancelling_frees_the_engine(experts, way):
    expert = experts["alice"]
    long = [Prompt.of(f"{n}", Sampling(max_tokens=24)) for n in range(400)]

    async def stream():
        async with aclosing(expert.stream(Prompt.of("x", LONG))) as chunks:
            async for _ in chunks:
                pass

    task = asyncio.create_task(expert.ask(long) if way == "ask" else stream())
    await running(expert, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await idle(expert)


async def test_what_is_late_fails_alone_and_says_so(experts):
    prompts = [Prompt.of("x", Sampling(max_tokens=1)), Prompt.of("Count.", LONG)]
    quick, slow = await experts["hurried"].ask(prompts)
    assert isinstance(quick, Answer)
    assert slow.cause is Cause.TIMEOUT
    await idle(experts["hurried"])


async def test_weights_that_cannot_be_loaded_leave_the_old_ones_working(experts):
    before = await said(experts["alice"], *QUESTIONS)
    [torn] = await said(experts["torn"], "Are you well?")
    assert torn.cause is Cause.REJECTED
    assert "cannot be loaded" in torn.message
    assert await said(experts["alice"], *QUESTIONS) == before


async def test_what_an_engine_was_asked_is_answered_though_its_process_is_killed(experts):
    expert, talker, streamed = experts["alice"], experts["talker"], Prompt.of(QUESTIONS[0], LONG)
    prompts = [Prompt.of(text, Sampling(max_tokens=24)) for text in QUESTIONS * 50]
    expected = [reply.text for reply in await expert.ask(prompts)]
    [whole] = await talker.ask([streamed])
    begun = asyncio.Event()

    async def stream():
        texts = []
        async for chunks in talker.stream(streamed):
            texts += [chunk.text for chunk in chunks]
            begun.set()
        return texts

    async with asyncio.TaskGroup() as group:
        streaming = group.create_task(stream())
        asking = group.create_task(expert.ask(prompts))
        await begun.wait()
        await running(expert, 32)
        before = await status(expert)
        assert not streaming.done()
        os.kill(before.pid, signal.SIGKILL)
    assert [reply.text for reply in asking.result()] == expected
    assert "".join(streaming.result()) == whole.text
    after = await status(expert)
    assert after.pid != before.pid
    assert (after.restarts, after.up) == (before.restarts + 1, True)


async def test_two_engines_of_a_family_keep_a_base_each(cards):
    pair = {name: cards[name] for name in ("alice", "bob")}
    async with asyncio.timeout(60), opened(pair, Cluster(engines=2)) as experts:
        await asyncio.gather(*(said(expert, "x") for expert in experts.values()))
        await asyncio.gather(*(said(e, q) for q in QUESTIONS for e in experts.values()))
        statuses = await engine_statuses(experts.values())
    assert len({status.pid for status in statuses}) == 2
    assert sorted(status.swaps for status in statuses) == [0, 1]


async def test_a_first_model_that_cannot_be_loaded_says_which_and_why(cards, experts):
    with pytest.raises(RegistryError, match=r"experts\.torn: its engine did not start: .*header"):
        async with asyncio.timeout(60), opened({"torn": cards["torn"]}, Cluster()):
            pass


JOIN = """
import asyncio, sys
from experts.cards import Cluster, VllmCard
from experts.types import Prompt
from experts.engines.expert import opened
from tests.streams import gathered

async def main():
    card = VllmCard.model_validate_json(sys.argv[2])
    there = Cluster(address=sys.argv[1])
    async with asyncio.timeout(60), opened({"carol": card}, there) as experts:
        [reply] = await experts["carol"].ask([Prompt.of("Hello?")])
    sys.stdout.buffer.write(reply.text.encode())

asyncio.run(main())
"""


async def test_another_process_may_join_the_cluster_and_leaves_it_running(experts, cards):
    import ray

    address = ray.get_runtime_context().gcs_address
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", JOIN, address, cards["carol"].model_dump_json(), stdout=PIPE
    )
    output, _ = await process.communicate()
    assert [output.decode()] == await said(experts["carol"], "Hello?")


async def test_only_this_machine_can_reach_the_cluster(experts):
    mine = psutil.Process().children(recursive=True)
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in mine
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
