"""Tools by OpenAI's own client: a call, its result, an answer; of one expert and of a panel."""

import json
from contextlib import AsyncExitStack, asynccontextmanager

import openai
import pytest

from experts.cards import Cluster, HostedCard
from experts.hosted.expert import opened
from experts.scripted import ScriptedExpert
from tests.acceptance.served import served, service_of
from tests.openai_server import calls_tools, event, says, serving, streams

PARIS = '{"city": "Paris", "unit": "c"}'
SPELLED = '{"unit":"c","city":"Paris"}'
LIMA = '{"city": "Lima"}'
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather there now.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
            "strict": True,
        },
    }
]
QUESTION = [{"role": "user", "content": "What is it like in Paris?"}]


@asynccontextmanager
async def panel():
    """Three hosted experts and one that calls no tools; what is served, and their servers."""
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(serving()) for name in ("ada", "ben", "cleo")
        }
        cards = {
            name: HostedCard(kind="hosted", model="m", base_url=server.url)
            for name, server in servers.items()
        }
        experts = await stack.enter_async_context(opened(cards, Cluster()))
        service = service_of(*experts.values(), ScriptedExpert("dan", default="No idea."))
        yield await stack.enter_async_context(served(service)), servers


async def plain(client, messages, **more):
    completion = await client.chat.completions.create(messages=messages, **more)
    return completion.choices[0].message, completion.choices[0].finish_reason


async def streamed(client, messages, **more):
    async with client.chat.completions.stream(messages=messages, **more) as stream:
        completion = await stream.get_final_completion()
    return completion.choices[0].message, completion.choices[0].finish_reason


@pytest.mark.parametrize("ask", [plain, streamed])
@pytest.mark.parametrize("model", ["ada", "convene/everyone"])
async def test_a_call_is_made_its_result_is_read_and_there_is_an_answer(ask, model):
    async with panel() as (here, servers):
        for (name, server), arguments in zip(servers.items(), (PARIS, LIMA, SPELLED), strict=True):
            server.next += [
                calls_tools((f"call_{name}", "weather", arguments)),
                says("It is mild."),
            ]
        message, finish = await ask(here.client, QUESTION, model=model, tools=TOOLS)
        [call] = message.tool_calls
        assert finish == "tool_calls"
        assert (call.id, call.function.name) == ("call_ada", "weather")
        assert call.function.arguments == PARIS
        result = {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"degrees": 19})}
        turns = [*QUESTION, message, result]
        message, finish = await ask(here.client, turns, model=model, tools=TOOLS)
        assert (message.content.strip(), finish) == ("It is mild.", "stop")
        assert message.tool_calls is None
        last = servers["ada"].calls[-1].body
    assert last["messages"][-1]["tool_call_id"] == "call_ada"
    assert last["messages"][-2]["tool_calls"][0]["function"]["arguments"] == PARIS


async def test_one_experts_calls_are_streamed_as_they_come():
    async with panel() as (here, servers):
        called = [("call_1", "weather", PARIS), ("call_2", "weather", LIMA)]
        servers["ada"].default = calls_tools(*called)
        stream = await here.client.chat.completions.create(
            model="ada", messages=QUESTION, tools=TOOLS, stream=True
        )
        deltas = [
            call
            async for chunk in stream
            for choice in chunk.choices
            for call in choice.delta.tool_calls or ()
        ]
    firsts = [call for call in deltas if call.id]
    assert [(c.index, c.id, c.type, c.function.name) for c in firsts] == [
        (0, "call_1", "function", "weather"),
        (1, "call_2", "function", "weather"),
    ]
    assert [call.index for call in deltas] == sorted(call.index for call in deltas)
    assert len(deltas) > 10
    for index, arguments in enumerate((PARIS, LIMA)):
        joined = "".join(c.function.arguments for c in deltas if c.index == index)
        assert joined == arguments


async def test_a_panel_says_who_called_what_and_leaves_out_whoever_cannot():
    async with panel() as (here, servers):
        for server in servers.values():
            server.default = calls_tools(("call_1", "weather", PARIS))
        completion = await here.client.chat.completions.create(
            model="convene/everyone", messages=QUESTION, tools=TOOLS
        )
    story = completion.model_extra["convene"]
    assert sorted(story["panel"]) == ["ada", "ben", "cleo"]
    assert "dan cannot call tools" in story["notes"]
    assert story["answer"] == 'weather({"city":"Paris","unit":"c"})'
    assert story["replies"][0]["tool_calls"] == [{"name": "weather", "arguments": PARIS}]
    assert completion.choices[0].message.content is None


async def test_tools_and_log_probabilities_that_nobody_gives_are_refused_by_name():
    async with panel() as (here, _):
        create = here.client.chat.completions.create
        with pytest.raises(openai.BadRequestError) as tools:
            await create(model="dan", messages=QUESTION, tools=TOOLS)
        with pytest.raises(openai.BadRequestError) as logprobs:
            await create(model="convene/vote", messages=QUESTION, logprobs=True)
    assert (tools.value.param, tools.value.code) == ("tools", "unsupported_parameter")
    assert logprobs.value.param == "logprobs"
    assert "name one expert as the model" in logprobs.value.message


def likely(text):
    raw = list(text.encode())
    best = {"token": text, "logprob": -0.25, "bytes": raw}
    return {"content": [{**best, "top_logprobs": [best]}], "refusal": None}


@pytest.mark.parametrize("ask", [plain, streamed])
async def test_one_experts_log_probabilities_are_told(ask):
    async with panel() as (here, servers):

        async def behave(call):
            if not call.streams:
                return await says("mild")(call)
            events = [event(call, {"content": "mi"}), event(call, {"content": "ld"}, "stop")]
            for each, text in zip(events, ("mi", "ld"), strict=True):
                each["choices"][0]["logprobs"] = likely(text)
            return await streams(*events, "[DONE]")(call)

        servers["ada"].default = behave
        stream = await here.client.chat.completions.create(
            model="ada", messages=QUESTION, logprobs=True, top_logprobs=1, stream=True
        )
        told = [
            token
            async for chunk in stream
            for choice in chunk.choices
            if choice.logprobs
            for token in choice.logprobs.content
        ]
    assert servers["ada"].calls[-1].body["top_logprobs"] == 1
    assert [(t.token, t.logprob, t.top_logprobs[0].token) for t in told] == [
        ("mi", -0.25, "mi"),
        ("ld", -0.25, "ld"),
    ]
