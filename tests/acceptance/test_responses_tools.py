"""Tools in the Responses API by OpenAI's own client: calls, their outputs, an answer."""

import json

import openai
import pytest
from pydantic import BaseModel

from api.responses.examples import WEATHER
from experts.types import Message
from tests.acceptance.served import served, service_of
from tests.tools import LIMA, PARIS, Forecaster

QUESTION = "What is it like in Paris and Lima?"
ASKED = [{"role": "user", "content": QUESTION}]
TOOL = {**WEATHER, "strict": True}
MODELS = pytest.mark.parametrize("model", ["ada", "convene/everyone"])


def serving(store, *, says="I ask. "):
    experts = [Forecaster(name, says=says) for name in ("ada", "ben", "cleo")]
    return experts, served(service_of(*experts), responses=store)


async def plain(client, **asked):
    return await client.responses.create(**asked)


async def streamed(client, **asked):
    async with client.responses.stream(**asked) as stream:
        return await stream.get_final_response()


BOTH = pytest.mark.parametrize("ask", [plain, streamed])


def outputs(response):
    """What a program sends back for the calls of a response."""
    return [
        {"type": "function_call_output", "call_id": item.call_id, "output": json.dumps(degrees)}
        for degrees, item in enumerate(item for item in response.output if item.type != "message")
    ]


READ = (
    Message("user", QUESTION),
    Message("assistant", "I ask. ", (PARIS, LIMA)),
    Message("tool", "0", answers=PARIS.id),
    Message("tool", "1", answers=LIMA.id),
)


@BOTH
@MODELS
async def test_calls_are_made_their_outputs_are_read_and_there_is_an_answer(store, ask, model):
    experts, service = serving(store)
    async with service as here:
        first = await ask(here.client, model=model, input=QUESTION, tools=[TOOL])
        turn = {"model": model, "input": outputs(first), "previous_response_id": first.id}
        then = await ask(here.client, tools=[TOOL], **turn)
        listed = here.client.responses.input_items.list(then.id, order="asc")
        kinds = [item.type async for item in listed]
        last = await ask(here.client, model=model, input="So?", previous_response_id=then.id)
    text, *calls = first.output
    assert text.content[0].text == "I ask. "
    assert [(call.type, call.call_id, call.name, call.arguments) for call in calls] == [
        ("function_call", each.id, each.name, each.arguments) for each in (PARIS, LIMA)
    ]
    assert (first.status, [item.status for item in first.output]) == (
        "completed",
        ["completed"] * 3,
    )
    assert [tool.to_dict() for tool in first.tools] == [TOOL]
    assert (then.output_text.strip(), len(then.output)) == ("It is mild.", 1)
    assert experts[0].asked[1].messages == READ
    assert kinds == ["message"] * 2 + ["function_call"] * 2 + ["function_call_output"] * 2
    assert last.status == "completed"


@BOTH
async def test_an_output_with_calls_can_be_sent_back_in_place_of_an_id(store, ask):
    experts, service = serving(store)
    async with service as here:
        asked = {"model": "ada", "tools": [TOOL], "store": False}
        first = await ask(here.client, input=ASKED, **asked)
        await ask(here.client, input=[*ASKED, *first.output, *outputs(first)], **asked)
    assert experts[0].asked[1].messages == READ


@MODELS
@pytest.mark.parametrize("says", ["I ask. ", ""], ids=["text and calls", "calls"])
async def test_a_streams_events_make_the_response_that_is_answered_plainly(store, model, says):
    _, service = serving(store, says=says)
    asked = {"model": model, "input": QUESTION, "tools": [TOOL], "tool_choice": "required"}
    async with service as here:
        whole = await here.client.responses.create(**asked)
        async with here.client.responses.stream(**asked) as stream:
            events = [event async for event in stream]
            final = await stream.get_final_response()
        kept = await here.client.responses.retrieve(final.id)
    assert events[-1].response == final
    assert said(kept) == said(final) == said(whole)
    assert said(whole)["tool_choice"] == "required"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    told = {event.item_id: event.arguments for event in events if hasattr(event, "arguments")}
    joined = {id: "" for id in told}
    for event in events:
        if event.type == "response.function_call_arguments.delta":
            joined[event.item_id] += event.delta
    assert joined == told
    assert [*told.values()] == [PARIS.arguments, LIMA.arguments]
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.to_dict() for item in done] == [item.to_dict() for item in kept.output]


def said(response):
    """All of a response but what each has of its own, and what the client adds."""
    own = {"id", "created_at", "completed_at", "convene", "usage", "parsed", "parsed_arguments"}

    def bare(value):
        match value:
            case dict():
                return {key: bare(each) for key, each in value.items() if key not in own}
            case list():
                return [*map(bare, value)]
            case _:
                return value

    return bare(response.to_dict())


class Weather(BaseModel):
    """The weather there now."""

    city: str


async def test_arguments_are_parsed_into_the_type_that_was_offered(store):
    _, service = serving(store)
    tools = [openai.pydantic_function_tool(Weather, name="weather")]
    flat = [{"type": "function", **tools[0]["function"]}]
    async with service as here:
        response = await here.client.responses.parse(model="ada", input=QUESTION, tools=flat)
    assert [item.parsed_arguments for item in response.output[1:]] == [
        {"city": "Paris"},
        {"city": "Lima"},
    ]


async def test_a_call_without_its_output_is_refused_by_name(store):
    experts, service = serving(store)
    async with service as here:
        create = here.client.responses.create
        first = await create(model="ada", input=QUESTION, tools=[TOOL])
        on = {"model": "ada", "previous_response_id": first.id}
        with pytest.raises(openai.BadRequestError) as left:
            await create(input="So?", **on)
        with pytest.raises(openai.BadRequestError) as half:
            await create(input=outputs(first)[:1], **on)
        strange = {"type": "function_call_output", "call_id": "call_9", "output": ""}
        with pytest.raises(openai.BadRequestError) as unknown:
            await create(input=[*outputs(first), strange], **on)
        with pytest.raises(openai.BadRequestError) as echoed:
            await create(model="ada", input=[*ASKED, *first.output, *ASKED])
    assert (left.value.param, half.value.param) == ("input", "input")
    assert PARIS.id in left.value.message
    assert LIMA.id in half.value.message
    assert (unknown.value.param, echoed.value.param) == ("input.2.call_id", "input.2.call_id")
    assert len(experts[0].asked) == 1
