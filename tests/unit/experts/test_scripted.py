"""Scripted experts do what they are told: reply, wait, fail or hang."""

import asyncio

import pytest

from experts.cards import Cluster, Price, ScriptedCard
from experts.errors import BackendTimeout, BackendUnavailable
from experts.scripted import Hang, ScriptedExpert, opened
from experts.types import Answer, Cause, Failure, Prompt, Usage
from tests.streams import gathered
from tests.waiting import until


async def test_a_scripted_question_has_its_reply_and_others_the_default():
    expert = ScriptedExpert("ada", {"2 + 2?": "four"}, default="no idea")
    replies = await expert.ask([Prompt.of(" 2 + 2?\n"), Prompt.of("Why?")])
    assert [reply.text for reply in replies] == ["four", "no idea"]
    assert expert.asked == [Prompt.of(" 2 + 2?\n"), Prompt.of("Why?")]


async def test_a_question_without_reply_or_default_says_what_to_add():
    [failure] = await ScriptedExpert("ada").ask([Prompt.of("Why?")])
    assert failure.cause is Cause.REJECTED
    assert "add it to 'replies' or set 'default'" in failure.message


@pytest.mark.parametrize("cause", list(Cause), ids=str)
async def test_it_fails_with_the_cause_it_was_told(cause):
    [failure] = await ScriptedExpert("ada", default=cause).ask([Prompt.of("Why?")])
    assert isinstance(failure, Failure)
    assert (failure.expert, failure.cause) == ("ada", cause)


async def test_a_failure_is_raised_while_streaming():
    expert = ScriptedExpert("ada", default=Cause.UNAVAILABLE)
    with pytest.raises(BackendUnavailable, match="scripted to fail"):
        await anext(expert.stream(Prompt.of("Why?")))


async def test_one_that_hangs_keeps_its_deadline():
    expert = ScriptedExpert("ada", default=Hang.FOREVER, seconds=0.01)
    [failure] = await expert.ask([Prompt.of("Why?")])
    assert failure.cause is Cause.TIMEOUT
    assert failure.seconds >= 0.01
    with pytest.raises(BackendTimeout, match=r"no reply within 0\.01 s"):
        await anext(expert.stream(Prompt.of("Why?")))


async def test_one_that_hangs_is_freed_by_cancelling():
    expert = ScriptedExpert("ada", default=Hang.FOREVER)
    asking = asyncio.create_task(expert.ask([Prompt.of("1"), Prompt.of("2")]))
    await until(lambda: expert.running == 2)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert expert.running == 0


async def test_a_reply_streams_word_by_word_and_ends_with_its_usage():
    expert = ScriptedExpert("ada", default="  one\ntwo three ", price=Price(input=1, output=2))
    chunks = await gathered(expert.stream(Prompt.of("Say it.")))
    assert [chunk.text for chunk in chunks] == ["  one\n", "two ", "three ", ""]
    assert chunks[-1].finish == "stop"
    assert chunks[-1].usage == Usage(2, 3, 8e-6)


async def test_cards_become_experts():
    card = ScriptedCard(kind="scripted", replies={"a": "b"}, delay=0.01)
    async with opened({"ada": card}, Cluster()) as experts:
        [reply] = await experts["ada"].ask([Prompt.of("a")])
    assert isinstance(reply, Answer)
    assert (reply.expert, reply.text) == ("ada", "b")
    assert reply.seconds >= 0.01
