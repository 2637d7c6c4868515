"""The Responses API through OpenAI's own client, against a real Redis."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import openai
import pytest
from pydantic import BaseModel
from redis.asyncio import Redis

from api.responses.store import Store
from experts.scripted import Hang, ScriptedExpert
from experts.types import Answer, Cause, Message
from routing.redis_server import private_redis
from tests.acceptance.keyed import keyed
from tests.acceptance.served import served, service_of
from tests.waiting import until

TEXT = "It is 42.\n\n**Really**: 🙂 – the answer is 42."
NAMES = ("ada", "bob", "eve")


def panel(default=TEXT):
    return [ScriptedExpert(name, default=default) for name in NAMES]


def serving_panel(store, experts=None):
    return served(service_of(*(experts or panel())), responses=store)


async def test_a_conversation_is_carried_on_told_again_and_forgotten(store):
    experts = panel()
    async with serving_panel(store, experts) as here:
        responses = here.client.responses
        first = await responses.create(
            model="everyone", input="hi", instructions="Sing.", metadata={"of": "mine"}
        )
        then = await responses.create(
            model="everyone", input="6 x 7?", previous_response_id=first.id, instructions="Count."
        )
        assert await responses.retrieve(then.id) == then
        items = [item async for item in responses.input_items.list(then.id, limit=1)]
        await responses.delete(first.id)
        with pytest.raises(openai.NotFoundError):
            await responses.retrieve(first.id)
        with pytest.raises(openai.BadRequestError) as gone:
            await responses.create(model="ada", input="so?", previous_response_id=first.id)
        last = await responses.create(model="ada", input="so?", previous_response_id=then.id)
    assert (first.output_text, first.status, first.metadata) == (TEXT, "completed", {"of": "mine"})
    assert experts[0].asked[1].messages == (
        Message("system", "Count."),
        Message("user", "hi"),
        Message("assistant", TEXT),
        Message("user", "6 x 7?"),
    )
    assert [item.content[0].text for item in items] == ["6 x 7?", TEXT, "hi"]
    assert (gone.value.code, gone.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )
    assert last.status == "completed"
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens > 0


async def test_an_output_can_be_sent_back_in_place_of_an_id(store):
    experts = panel()
    async with serving_panel(store, experts) as here:
        responses = here.client.responses
        asked = [{"role": "user", "content": "hi"}]
        first = await responses.create(model="ada", input=asked, store=False)
        asked += [*first.output, {"role": "user", "content": "6 x 7?"}]
        await responses.create(model="ada", input=asked, store=False)
        with pytest.raises(openai.NotFoundError):
            await responses.retrieve(first.id)
    assert [m.role for m in experts[0].asked[1].messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize("model", ["vote", "single"])
async def test_a_stream_is_what_openais_client_makes_a_response_of(store, model):
    async with (
        serving_panel(store) as here,
        here.client.responses.stream(model=model, input="6 x 7?") as stream,
    ):
        events = [event async for event in stream]
        final = await stream.get_final_response()
        kept = await here.client.responses.retrieve(final.id)
        then = await here.client.responses.create(
            model=model, input="so?", previous_response_id=final.id
        )
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == final.output_text == kept.output_text == TEXT
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert kept.model_extra["convene"] == final.model_extra["convene"]
    assert then.previous_response_id == final.id


class Legs(BaseModel):
    legs: int


async def test_a_response_is_parsed_into_the_type_that_was_asked_for(store):
    async with serving_panel(store, panel('```json\n{"legs": 8}\n```')) as here:
        responses = here.client.responses
        parsed = await responses.parse(model="everyone", input="A spider's?", text_format=Legs)
        async with responses.stream(model="vote", input="A spider's?", text_format=Legs) as stream:
            streamed = await stream.get_final_response()
        plain = await responses.create(
            model="ada", input="A spider's?", text={"format": {"type": "json_object"}}
        )
    assert parsed.output_parsed == streamed.output_parsed == Legs(legs=8)
    assert parsed.text.format.name == "Legs"
    assert plain.output_text == '{"legs": 8}'


async def test_a_reply_that_was_cut_is_an_incomplete_response(store):
    class Cut(ScriptedExpert):
        async def _answer(self, prompt):
            said = await super()._answer(prompt)
            return Answer(said.expert, said.text, said.usage, finish="length")

    async with serving_panel(store, [Cut("ada", default="It is")]) as here:
        response = await here.client.responses.create(model="ada", input="?", max_output_tokens=3)
        events = [
            event.type
            async for event in await here.client.responses.create(
                model="ada", input="?", stream=True
            )
        ]
    assert (response.status, response.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )
    assert events[-1] == "response.incomplete"


async def test_what_is_wrong_is_the_clients_own_exception(store):
    async with serving_panel(store) as here:
        create = here.client.responses.create
        with pytest.raises(openai.NotFoundError) as unknown:
            await create(model="gpt-9", input="?")
        with pytest.raises(openai.BadRequestError) as tools:
            await create(model="ada", input="?", tools=[{"type": "web_search"}])
        with pytest.raises(openai.BadRequestError) as late:
            await create(model="ada", input="?", background=True)
    assert (unknown.value.param, tools.value.param, late.value.param) == (
        "model",
        "tools.0.type",
        "background",
    )


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_panel_that_fails_is_told_with_its_status(store, stream):
    async with serving_panel(store, panel(Cause.REJECTED)) as here:
        with pytest.raises(openai.InternalServerError) as failed:
            await here.client.responses.create(model="vote", input="?", stream=stream)
    assert failed.value.status_code == 502
    assert len(failed.value.body["convene"]["failures"]) == 3


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_client_that_hangs_up_frees_the_experts_and_leaves_nothing(store, stream):
    experts = panel(Hang.FOREVER)
    async with serving_panel(store, experts) as here:
        asking = asyncio.create_task(
            here.client.responses.create(model="vote", input="?", stream=stream)
        )
        await until(lambda: all(expert.running for expert in experts))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: not any(expert.running for expert in experts))
    assert [name async for name in store.redis.scan_iter("convene:responses:*")] == []


async def test_another_tenants_response_is_as_unknown_as_none(store):
    async with (
        keyed(service_of(*panel()), store, "acme", "other") as (url, tokens),
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=tokens[0], max_retries=0) as mine,
    ):
        theirs = mine.with_options(api_key=tokens[1])
        made = await mine.responses.create(model="ada", input="a secret")
        never = made.id[:-4] + ("0000" if made.id[-4:] != "0000" else "1111")
        for id in (made.id, never):
            with pytest.raises(openai.NotFoundError) as found:
                await theirs.responses.retrieve(id)
            with pytest.raises(openai.NotFoundError):
                await theirs.responses.input_items.list(id)
            with pytest.raises(openai.NotFoundError):
                await theirs.responses.delete(id)
            with pytest.raises(openai.BadRequestError) as gone:
                await theirs.responses.create(model="ada", input="?", previous_response_id=id)
            assert found.value.body["message"] == f"Response with id '{id}' not found."
            assert gone.value.code == "previous_response_not_found"
        assert (await mine.responses.retrieve(made.id)).id == made.id
        raw = await mine.responses.with_raw_response.create(model="ada", input="?")
        with pytest.raises(openai.AuthenticationError):
            await mine.with_options(api_key="none").responses.retrieve(made.id)
    assert raw.headers["x-convene-experts"] == "ada"


async def test_a_response_outlives_the_process_that_made_it(store):
    async with serving_panel(store) as one:
        made = await one.client.responses.create(model="ada", input="hi")
    async with serving_panel(replace(store)) as other:
        assert await other.client.responses.retrieve(made.id) == made


async def test_redis_that_is_gone_is_said_before_anybody_is_asked(tmp_path):
    experts = panel()
    async with AsyncExitStack() as server:
        url = await server.enter_async_context(private_redis(tmp_path))
        async with Redis.from_url(url) as redis:
            store = Store.on(redis, days=1, mib=1)
            async with serving_panel(store, experts) as here:
                create = here.client.responses.create
                made = await create(model="ada", input="hi")
                await redis.aclose()
                await server.aclose()
                with pytest.raises(openai.InternalServerError) as away:
                    await create(model="ada", input="6 x 7?")
                with pytest.raises(openai.InternalServerError):
                    await here.client.responses.retrieve(made.id)
                asked = len(experts[0].asked)
                free = await create(model="ada", input="6 x 7?", store=False)
    assert (away.value.status_code, away.value.code) == (503, "responses_away")
    assert (asked, free.status) == (1, "completed")
