"""LangChain's client of OpenAI's API against a real service, by chat and by responses."""

from contextlib import asynccontextmanager

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import BadRequestError, NotFoundError
from pydantic import BaseModel

from experts.scripted import ScriptedExpert
from experts.types import Message
from tests.acceptance.served import served, service_of
from tests.tools import Forecaster

TEXT = "It is 42.\n\n**Really**: 🙂 – the answer is 42."
LEGS = "How many legs has a spider?"
BOTH = pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])


class Legs(BaseModel):
    """A number of legs."""

    legs: int


@pytest.fixture
def experts():
    replies = {LEGS: '{"legs": 8}'}
    return [ScriptedExpert(name, replies, TEXT) for name in ("ada", "bob", "eve")]


@asynccontextmanager
async def serving(experts, store):
    """Where the service is, as LangChain wants to know it. It never closes a client of its own."""
    async with (
        served(service_of(*experts), responses=store) as here,
        httpx.AsyncClient() as client,
    ):
        at = {"base_url": f"{here.url}/v1", "api_key": "none", "http_async_client": client}
        yield {**at, "max_retries": 0}


@pytest.fixture
async def here(experts, store):
    async with serving(experts, store) as here:
        yield here


def model(here, by_responses, name="vote", **more):
    return ChatOpenAI(model=name, use_responses_api=by_responses, **here, **more)


@BOTH
async def test_a_conversation_is_answered_with_its_usage(here, experts, by_responses):
    turns = [SystemMessage("Count."), HumanMessage("hi"), AIMessage("ho"), HumanMessage("6 x 7?")]
    reply = await model(here, by_responses).ainvoke(turns)
    assert reply.text == TEXT
    usage = reply.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert experts[0].asked[0].messages == (
        Message("system", "Count."),
        Message("user", "hi"),
        Message("assistant", "ho"),
        Message("user", "6 x 7?"),
    )


@BOTH
async def test_a_stream_joins_to_the_reply_and_ends_with_its_usage(here, by_responses):
    chunks = [chunk async for chunk in model(here, by_responses, stream_usage=True).astream("?")]
    assert "".join(chunk.text for chunk in chunks) == TEXT
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert whole.usage_metadata["output_tokens"] > 0


@BOTH
async def test_a_batch_is_answered_in_order(here, by_responses):
    replies = await model(here, by_responses).abatch([LEGS, "6 x 7?", LEGS])
    assert [reply.text for reply in replies] == ['{"legs": 8}', TEXT, '{"legs": 8}']


@BOTH
async def test_a_chain_ends_in_the_type_that_was_asked_for(here, by_responses):
    prompt = ChatPromptTemplate.from_messages([("human", "How many legs has a {animal}?")])
    structured = model(here, by_responses).with_structured_output(Legs, method="json_schema")
    assert await (prompt | structured).ainvoke({"animal": "spider"}) == Legs(legs=8)


async def test_a_conversation_goes_on_by_the_id_of_its_response(here, experts):
    asked = model(here, by_responses=True, use_previous_response_id=True)
    first = await asked.ainvoke("hi")
    await asked.ainvoke([HumanMessage("hi"), first, HumanMessage("6 x 7?")])
    assert [m.content for m in experts[0].asked[-1].messages] == ["hi", TEXT, "6 x 7?"]


@BOTH
async def test_what_a_request_asks_of_its_panel_is_passed_on(here, experts, by_responses):
    control = {"convene": {"policy": "everyone", "deny": ["eve"]}}
    await model(here, by_responses, extra_body=control).ainvoke("6 x 7?")
    assert [len(expert.asked) for expert in experts] == [1, 1, 0]


async def whole(asked, turns):
    return await asked.ainvoke(turns)


async def joined(asked, turns):
    chunks = [chunk async for chunk in asked.astream(turns)]
    return sum(chunks[1:], chunks[0])


@BOTH
@pytest.mark.parametrize("ask", [whole, joined])
async def test_tools_are_called_and_what_they_came_to_is_read(store, by_responses, ask):
    weather = {"name": "weather", "description": "It tells.", "parameters": {"type": "object"}}
    turns = [HumanMessage("What is it like in Paris and Lima?")]
    forecaster = Forecaster("ada")
    async with serving([forecaster], store) as here:
        asked = model(here, by_responses, "ada").bind_tools([weather])
        turns.append(await ask(asked, turns))
        calls = turns[1].tool_calls
        turns += [ToolMessage("mild", tool_call_id=call["id"]) for call in calls]
        reply = await ask(asked, turns)
    assert [(call["name"], call["args"]["city"]) for call in calls] == [
        ("weather", "Paris"),
        ("weather", "Lima"),
    ]
    assert reply.text.strip() == "It is mild."
    asking, *results = forecaster.asked[1].messages[1:]
    assert [call.id for call in asking.calls] == [result.answers for result in results]


@BOTH
async def test_tools_that_no_expert_here_can_call_are_refused_by_name(here, by_responses):
    with pytest.raises(BadRequestError) as refused:
        await model(here, by_responses).bind_tools([Legs]).ainvoke(LEGS)
    assert refused.value.param == "tools"


@BOTH
async def test_an_unknown_model_is_openais_own_exception(here, by_responses):
    with pytest.raises(NotFoundError):
        await model(here, by_responses, "gpt-9").ainvoke("?")


async def test_texts_are_embedded(here):
    embedder = OpenAIEmbeddings(
        model="convene/encoder",
        **here,
        check_embedding_ctx_length=False,  # or it sends the tokens of another model
    )
    sea, sky, again = await embedder.aembed_documents(["the sea", "the sky", "the sea"])
    assert sea == again == await embedder.aembed_query("the sea") != sky
