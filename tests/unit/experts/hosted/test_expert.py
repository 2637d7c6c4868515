"""Hosted experts: from cards to replies, with a bound on the calls at once."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from experts.cards import Cluster, HostedCard, Price
from experts.circuit import State
from experts.errors import BackendTimeout, CircuitOpen, RegistryError
from experts.hosted.expert import opened
from experts.patience import Hedge, Timeouts
from experts.types import Answer, Cause, Priority, Prompt
from tests.openai_server import echoes, event, hangs, refuses, serving, streams
from tests.streams import gathered
from tests.waiting import until


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
        prompts = [replace(Prompt.of(text), priority=Priority.BATCH) for text in "123"]
        replies = await experts["ada"].ask(prompts)
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


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_the_request_is_to_blame_for_is_asked_once(server, status):
    server.default = refuses(status, "no")
    async with opened({"ada": card(server)}, Cluster()) as experts:
        [failure] = await experts["ada"].ask([Prompt.of("Why?")])
        assert (failure.cause, len(server.calls)) == (Cause.REJECTED, 1)
        assert experts["ada"].circuit is State.CLOSED


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("dated", [False, True], ids=["seconds", "date"])
async def test_a_time_that_is_past_the_deadline_is_told_and_keeps_others_from_asking(
    server, status, dated
):
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    server.default = refuses(status, "later", Retry_After=when if dated else "90")
    async with opened({"ada": card(server)}, Cluster()) as experts:
        [first] = await experts["ada"].ask([Prompt.of("Why?")])
        [second] = await experts["ada"].ask([Prompt.of("How?")])
        assert experts["ada"].circuit is State.OPEN
    assert len(server.calls) == 1
    assert [first.cause, second.cause] == [Cause.UNAVAILABLE] * 2
    assert all(80 < failure.retry_after <= 90 for failure in (first, second))


async def test_one_that_keeps_failing_is_left_alone_and_the_others_go_on(server):
    server.default = refuses(500, "down")
    async with serving() as other:
        cards = {"ada": card(server, concurrency=1), "ben": card(other)}
        async with opened(cards, Cluster()) as experts:
            await experts["ada"].ask([Prompt.of(str(i)) for i in range(2)])
            made = len(server.calls)
            [refused] = await experts["ada"].ask([Prompt.of("3")])
            [reply] = await experts["ben"].ask([Prompt.of("3")])
            assert experts["ben"].circuit is State.CLOSED
    assert (made, len(server.calls)) == (5, 5)
    assert "is not asked for" in refused.message
    assert reply.text == "You asked: 3"


async def test_people_do_not_stand_in_line_behind_a_file_that_waits_for_the_circuit(server):
    server.default = refuses(429, "later", Retry_After="20")
    of_a_file = [replace(Prompt.of(str(i)), priority=Priority.BATCH) for i in range(4)]
    async with opened({"ada": card(server, concurrency=2)}, Cluster()) as experts:
        waiting = asyncio.create_task(experts["ada"].ask(of_a_file))
        await until(lambda: experts["ada"].circuit is State.OPEN)
        async with asyncio.timeout(5):
            [refused] = await experts["ada"].ask([Prompt.of("Why?")])
        assert "is not asked for" in refused.message
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


HANGING = {
    "before headers": hangs(),
    "before the first token": streams(then="hangs"),
    "in the middle": streams(event(delta={"content": "half"}), then="hangs"),
    "with keep-alives": streams(event(delta={"content": "half"}), then="keep-alives"),
}


@pytest.mark.parametrize("behaviour", HANGING.values(), ids=HANGING)
async def test_a_backend_that_hangs_is_given_up_and_holds_nobody_else_up(server, behaviour):
    server.default = behaviour
    timeouts = Timeouts(first_token=0.1, idle=0.1)
    async with serving() as other:
        cards = {"ada": card(server, seconds=0.25, timeouts=timeouts), "ben": card(other)}
        async with opened(cards, Cluster()) as experts:

            async def hanging():
                return await gathered(experts["ada"].stream(Prompt.of("Why?")))

            waiting = [asyncio.create_task(hanging()) for _ in range(20)]
            await asyncio.sleep(0)
            replies = await experts["ben"].ask([Prompt.of(str(i)) for i in range(20)])
            assert [reply.text for reply in replies] == [f"You asked: {i}" for i in range(20)]
            found = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(error) for error in found} <= {BackendTimeout, CircuitOpen}
    await until(lambda: server.running == 0)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_who_stops_waiting_in_line_or_at_the_backend_frees_it(server, stream):
    server.default = hangs()

    async def ask(expert):
        if stream:
            return await gathered(expert.stream(Prompt.of("Why?")))
        return await expert.ask([Prompt.of("Why?")])

    async with opened({"ada": card(server, concurrency=1)}, Cluster()) as experts:
        asked, in_line = (asyncio.create_task(ask(experts["ada"])) for _ in range(2))
        await until(lambda: server.running == 1)
        for task in (in_line, asked):
            task.cancel()
        await asyncio.gather(asked, in_line, return_exceptions=True)
        await until(lambda: server.running == 0)
        server.default = echoes()
        [reply] = await experts["ada"].ask([Prompt.of("Why?")])
    assert (reply.text, len(server.calls)) == ("You asked: Why?", 2)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_slow_call_is_made_again_and_the_slow_one_is_cancelled(server, stream):
    server.next.append(hangs())
    hedged = card(server, hedge=Hedge(after=0.05, share=1.0))
    async with opened({"ada": hedged}, Cluster()) as experts:
        if stream:
            chunks = await gathered(experts["ada"].stream(Prompt.of("Why?")))
            text, usage = "".join(chunk.text for chunk in chunks), chunks[-1].usage
        else:
            [reply] = await experts["ada"].ask([Prompt.of("Why?")])
            text, usage = reply.text, reply.usage
    assert (text, usage.untold, len(server.calls)) == ("You asked: Why?", 1, 2)
    await until(lambda: server.running == 0)
