"""Replies that call tools, through a whole deliberation."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.calls import extended
from experts.scripted import ScriptedExpert
from experts.types import Answer, Chunk, JsonFormat, Prompt, Sampling, ToolCall
from orchestrator.deliberation import Compare, Deliberation, Done
from orchestrator.policies import Policy
from orchestrator.types import Request, Verdict, Working
from routing.router import Recruiting
from tests.routes import route_of, service_of
from tests.streams import streamed
from tests.tools import LIMA, PARIS, TOOLBOX, ToolUser

ASKED = Prompt((*Prompt.of("What is it like in Paris?").messages,), toolbox=TOOLBOX)
SPELLED = ToolCall("call_9", "weather", '{ "city":"Paris" }')
SYNTHESIZE = Policy(Recruiting("synthesize"), "synthesize")
SKY = Answer("cleo", "The sky is blue and wide.")


def service(*replies, aggregator=None):
    names = ("ada", "ben", "cleo", "dan")
    users = {name: ToolUser(name, reply) for name, reply in zip(names, replies, strict=False)}
    return service_of(users, aggregator)


def request(model="everyone", prompt=ASKED):
    return Request(prompt, model)


async def test_calls_are_voted_on_however_they_are_spelled_and_the_winners_are_given_verbatim():
    verdict = await service((LIMA,), (SPELLED,), (PARIS,)).answer(request())
    assert verdict.tool_calls == (SPELLED,)
    assert (verdict.author, verdict.aggregator, verdict.text) == ("ben", "vote", "")
    assert verdict.answer == 'weather({"city":"Paris"})'
    assert verdict.agreement == pytest.approx(2 / 3)


async def test_several_calls_are_one_answer_in_any_order():
    verdict = await service((LIMA,), (PARIS, LIMA), (LIMA, SPELLED)).answer(request())
    assert verdict.tool_calls == (PARIS, LIMA)


async def test_texts_may_outvote_a_call():
    verdict = await service((PARIS,), "It is mild.", "It is mild.").answer(request())
    assert (verdict.tool_calls, verdict.text) == ((), "It is mild.")


def test_calls_are_never_compared_by_their_meaning():
    deliberation = Deliberation(route_of({"ada": 0.6, "ben": 0.6, "cleo": 0.6}), SYNTHESIZE)
    deliberation.tell(Answer("ada", "", calls=(PARIS,)))
    deliberation.tell(Answer("ben", "", calls=(LIMA,)))
    deliberation.tell(SKY)
    assert not isinstance(deliberation.step(), Compare)


async def test_nobody_rewords_a_call_that_leads():
    zoe = ScriptedExpert("zoe", default="Both.")
    verdict = await service((PARIS,), (LIMA,), (PARIS,), aggregator=zoe).answer(
        request("synthesize")
    )
    assert (verdict.tool_calls, verdict.aggregator) == ((PARIS,), "vote")
    assert zoe.asked == []


async def test_an_aggregator_reads_the_texts_alone():
    zoe = ScriptedExpert("zoe", default="Both.")
    said = ("The sky is blue.", "The sea is deep.", (PARIS,))
    verdict = await service(*said, aggregator=zoe).answer(request("synthesize"))
    assert (verdict.text, verdict.author) == ("Both.", "zoe")
    assert "weather" not in zoe.asked[0].text
    assert zoe.asked[0].toolbox is None


async def test_where_one_text_is_left_there_is_nothing_to_write():
    zoe = ScriptedExpert("zoe", default="Both.")
    panel = service("The sky is blue.", (PARIS,), (LIMA,), aggregator=zoe)
    assert (await panel.answer(request("synthesize"))).text == "The sky is blue."
    assert zoe.asked == []


async def test_a_reply_that_calls_need_not_be_the_json_that_is_asked_for():
    prompt = Prompt(ASKED.messages, Sampling(format=JsonFormat()), toolbox=TOOLBOX)
    verdict = await service((PARIS,)).answer(request("ada", prompt))
    assert verdict.tool_calls == (PARIS,)


@given(
    st.lists(
        st.sampled_from([(PARIS,), (LIMA,), (PARIS, LIMA), "It is mild."]), min_size=1, max_size=4
    ),
    st.sampled_from(["ada", "auto", "everyone", "synthesize"]),
)
async def test_what_is_streamed_joins_to_what_is_answered(said, model):
    zoe = ScriptedExpert("zoe", default="Both.")
    answered = await service(*said, aggregator=zoe).answer(request(model))
    *events, verdict = await streamed(service(*said, aggregator=zoe), request(model))
    assert isinstance(verdict, Verdict)
    assert {type(event) for event in events} <= {Chunk, Working}
    calls = ()
    for event in events:
        calls = extended(calls, event.calls if isinstance(event, Chunk) else ())
    assert calls == verdict.tool_calls == answered.tool_calls
    text = "".join(event.text for event in events if isinstance(event, Chunk))
    assert text.strip() == verdict.text.strip() == answered.text.strip()


async def test_one_experts_calls_are_told_as_they_come_and_a_panels_whole():
    def told(events):
        return Counter(len(event.calls) for event in events if isinstance(event, Chunk))

    alone = await streamed(service((PARIS,)), request("ada"))
    assert told(alone)[1] > len(PARIS.arguments)
    panel = await streamed(service((PARIS, LIMA), (PARIS, LIMA)), request())
    assert told(panel) == {2: 1}


async def test_the_log_probabilities_of_a_stream_are_those_of_its_text():
    prompt = Prompt.of("Why?", Sampling(logprobs=1))
    *events, verdict = await streamed(service("so it is"), request("ada", prompt))
    tokens = [token for event in events if isinstance(event, Chunk) for token in event.logprobs]
    assert tuple(tokens) == verdict.logprobs
    assert "".join(token.text for token in tokens) == verdict.text


def test_a_panel_of_one_is_told_as_it_comes_and_stands():
    deliberation = Deliberation(route_of({"ada": 0.6}), Policy(Recruiting("single"), "none"))
    deliberation.step()
    deliberation.tell(Answer("ada", "I look it up.", calls=(PARIS,), finish="tool_calls"))
    step = deliberation.step()
    assert isinstance(step, Done)
    assert (step.verdict.text, step.verdict.tool_calls) == ("I look it up.", (PARIS,))
