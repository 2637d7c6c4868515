"""Hosted experts: from cards to replies, with a bound on the calls at once."""

import asyncio
import sys

import pytest

from experts.cards import Cluster, HostedCard, Price
from experts.errors import BackendUnavailable, RegistryError
from experts.hosted.expert import Slots, opened
from experts.types import Answer, Cause, Prompt
from tests.openai_server import echoes, hangs, refuses, serving


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


def card(server, **values):
    return HostedCard(kind="hosted", model="m", base_url=server.url, **values)


async def test_a_card_becomes_an_expert_with_its_price_and_prompt(server):
    priced = card(server, prompt="Be brief.", price=Price(input=1e6, output=0))
    async with opened({"ada": priced}, Cluster()) as experts:
        [reply] = await experts["ada"].ask([Prompt.of("Why?")])
    assert isinstance(reply, Answer)
    assert (reply.expert, reply.text) == ("ada", "You asked: Why?")
    assert reply.usage.cost_usd == 3.0
    assert reply.seconds > 0
    assert server.calls[0].body["messages"][0] == {"role": "system", "content": "Be brief."}


async def test_no_more_calls_run_at_once_than_the_card_allows(server):
    async def slowly(call):
        await asyncio.sleep(0.005)
        return await echoes()(call)

    server.default = slowly
    async with opened({"ada": card(server, concurrency=3)}, Cluster()) as experts:
        replies = await experts["ada"].ask([Prompt.of(str(i)) for i in range(20)])
    assert [reply.text for reply in replies] == [f"You asked: {i}" for i in range(20)]
    assert server.most == 3


async def test_waiting_for_a_slot_takes_nothing_from_a_replys_time(server):
    server.default = hangs()
    one_at_a_time = card(server, concurrency=1, seconds=0.05)
    async with opened({"ada": one_at_a_time}, Cluster()) as experts:
        replies = await experts["ada"].ask([Prompt.of("1"), Prompt.of("2"), Prompt.of("3")])
    assert [reply.cause for reply in replies] == [Cause.TIMEOUT] * 3
    assert all(0.04 < reply.seconds < 0.1 for reply in replies)
    assert len(server.calls) == 3


async def test_a_stream_has_a_slot_of_its_own(server):
    async with opened({"ada": card(server, concurrency=1)}, Cluster()) as experts:
        stream = experts["ada"].stream(Prompt.of("1"))
        await anext(stream)
        waiting = asyncio.create_task(experts["ada"].ask([Prompt.of("2")]))
        await asyncio.sleep(0.02)
        assert len(server.calls) == 1
        await stream.aclose()
        [reply] = await waiting
    assert reply.text == "You asked: 2"


async def test_a_failure_that_passes_is_not_seen(server):
    server.next.append(refuses(429, "slow down", Retry_After="0"))
    async with opened({"ada": card(server)}, Cluster()) as experts:
        [reply] = await experts["ada"].ask([Prompt.of("Why?")])
    assert reply.text == "You asked: Why?"
    assert len(server.calls) == 2


async def test_one_prompt_that_fails_costs_only_its_own_reply(server):
    server.next.append(refuses(400, "no"))
    async with opened({"ada": card(server, concurrency=1)}, Cluster()) as experts:
        failure, reply = await experts["ada"].ask([Prompt.of("1"), Prompt.of("2")])
    assert failure.cause is Cause.REJECTED
    assert failure.message.endswith("HTTP 400 Bad Request: no")
    assert reply.text == "You asked: 2"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"base_url": "http:///v1"}, r"experts\.ada\.base_url: has no host"),
        ({"base_url": "http://me:hidden@host/v1"}, r"base_url: names a user; write the key"),
        ({"api_key": "sk-\nhidden"}, r"experts\.ada\.api_key: holds characters that no key has"),
        ({"api_key": "sk-…hidden"}, r"experts\.ada\.api_key: holds characters that no key has"),
    ],
    ids=["no host", "a user", "a line break in the key", "an ellipsis in the key"],
)
async def test_a_card_that_cannot_work_is_refused_at_the_start(server, values, complaint):
    wrong = card(server).model_copy(
        update=HostedCard(kind="hosted", model="m", **values).model_dump(include=set(values))
    )
    with pytest.raises(RegistryError, match=complaint) as raised:
        async with opened({"ada": wrong}, Cluster()):
            pass
    assert "hidden" not in str(raised.value)


async def test_a_key_with_a_line_break_at_its_end_is_taken_without(server):
    async with opened({"ada": card(server, api_key="sk-1\n")}, Cluster()) as experts:
        await experts["ada"].ask([Prompt.of("Why?")])
    assert server.calls[0].headers["Authorization"] == "Bearer sk-1"


ASKS_DIRECTLY = """
import asyncio, sys
from experts.cards import Cluster, HostedCard
from experts.hosted.expert import opened
from experts.types import Prompt

async def main():
    direct = HostedCard(kind="hosted", model="m", base_url=sys.argv[1])
    without = HostedCard(kind="hosted", model="openai/m")
    async with opened({"ada": direct, "bob": without}, Cluster()) as experts:
        await experts["ada"].ask([Prompt.of("Why?")])

asyncio.run(main())
print("litellm" in sys.modules)
"""


async def test_litellm_is_not_imported_for_cards_that_go_without_it(server):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASKS_DIRECTLY, server.url, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert len(server.calls) == 1
    assert out.strip() == b"False"


async def test_more_than_may_wait_are_refused_and_the_others_answered():
    slots = Slots(1, most=2)

    async def one(number):
        async with slots:
            await asyncio.sleep(0)
            return number

    found = await asyncio.gather(*map(one, range(5)), return_exceptions=True)
    assert [n for n in found if isinstance(n, int)] == [0, 1, 2]
    assert [type(n) for n in found[3:]] == [BackendUnavailable, BackendUnavailable]
