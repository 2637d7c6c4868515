import asyncio
import logging

import httpx
import openai
import pytest
from pydantic import BaseModel

from experts.scripted import Hang, ScriptedExpert
from experts.types import Cause, Chunk
from tests.acceptance.served import served, service_of
from tests.waiting import until

QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]
TEXT = "It is 42.\n\n**Really**: 🙂 – the answer is 42."


def panel():
    return [ScriptedExpert(name, default=TEXT) for name in ("ada", "bob", "eve")]


@pytest.mark.parametrize("model", ["auto", "convene/vote", "convene/single", "eve"])
async def test_every_way_to_name_a_model_answers(model):
    async with served(service_of(*panel())) as here:
        done = await here.client.chat.completions.create(model=model, messages=QUESTION)
    assert done.model == model
    assert done.choices[0].message.content == TEXT
    assert done.choices[0].finish_reason == "stop"
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
    assert done.model_extra["convene"]["author"] in {"ada", "bob", "eve"}


async def test_the_headers_say_who_was_asked():
    async with served(service_of(*panel())) as here:
        raw = await here.client.chat.completions.with_raw_response.create(
            model="vote", messages=QUESTION, extra_headers={"x-request-id": "mine"}
        )
    assert sorted(raw.headers["x-convene-experts"].split(",")) == ["ada", "bob", "eve"]
    assert raw.headers["x-convene-calls"] == "3"
    assert raw.headers["x-request-id"].startswith("req_")


async def test_a_request_says_whom_to_ask_and_how_long():
    experts = [*panel(), ScriptedExpert("zed", default=Hang.FOREVER)]
    control = {"policy": "everyone", "deny": ["eve"], "budget": {"seconds": 0.2}}
    async with served(service_of(*experts)) as here:
        create = here.client.chat.completions.with_raw_response.create
        raw = await create(model="auto", messages=QUESTION, extra_body={"convene": control})
        with pytest.raises(openai.BadRequestError) as refused:
            await create(
                model="auto", messages=QUESTION, extra_body={"convene": {"allow": ["ann"]}}
            )
        with pytest.raises(openai.InternalServerError) as late:
            await create(
                model="zed", messages=QUESTION, extra_body={"convene": {"budget": {"seconds": 0.1}}}
            )
    told = raw.parse().model_extra["convene"]
    assert (told["panel"], told["answer"]) == (["ada", "bob", "zed"], "42")
    assert any("0.2 s were over" in note for note in told["notes"])
    assert raw.headers["x-convene-cost-usd"] == "0.00000000"
    assert float(raw.headers["x-convene-overhead-ms"]) >= 0
    assert (refused.value.param, late.value.status_code) == ("convene.allow", 504)


class Legs(BaseModel):
    legs: int


async def test_a_reply_is_parsed_into_the_type_that_was_asked_for():
    experts = [ScriptedExpert(name, default='{"legs": 8}') for name in ("ada", "bob")]
    experts.append(ScriptedExpert("eve", default="Eight."))
    async with served(service_of(*experts)) as here:
        parsed = await here.client.chat.completions.parse(
            model="everyone", messages=QUESTION, response_format=Legs
        )
        with pytest.raises(openai.InternalServerError, match="not the JSON asked for"):
            await here.client.chat.completions.create(
                model="eve", messages=QUESTION, response_format={"type": "json_object"}
            )
    assert parsed.choices[0].message.parsed == Legs(legs=8)
    assert parsed.model_extra["convene"]["agreement"] == 1.0
    assert len(experts[2].asked) == 4


async def test_one_expert_is_sampled_as_often_as_asked():
    async with served(service_of(*panel())) as here:
        done = await here.client.chat.completions.create(model="ada", messages=QUESTION, n=3)
        with pytest.raises(openai.BadRequestError) as refused:
            await here.client.chat.completions.create(model="vote", messages=QUESTION, n=3)
    assert [choice.index for choice in done.choices] == [0, 1, 2]
    assert done.usage.model_extra["experts"]["ada"]["total_tokens"] == done.usage.total_tokens
    assert refused.value.param == "n"


@pytest.mark.parametrize("model", ["vote", "single"])
@pytest.mark.parametrize("include_usage", [True, False], ids=["usage", "no usage"])
async def test_a_stream_joins_to_what_is_answered_without_streaming(model, include_usage, caplog):
    caplog.set_level(logging.INFO)
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    async with served(service_of(*panel())) as here:
        plain = await here.client.chat.completions.create(model=model, messages=QUESTION)
        stream = await here.client.chat.completions.create(
            model=model, messages=QUESTION, stream=True, **options
        )
        chunks = [chunk async for chunk in stream]
    content = [chunk for chunk in chunks if chunk.choices]
    assert "".join(c.choices[0].delta.content or "" for c in content) == TEXT
    assert content[0].choices[0].delta.role == "assistant"
    assert content[-1].choices[0].finish_reason == "stop"
    assert content[-1].model_extra["convene"]["author"] == plain.model_extra["convene"]["author"]
    usages = [chunk.usage for chunk in chunks if not chunk.choices]
    assert usages == ([plain.usage] if include_usage else [])
    assert "hung up" not in caplog.text


async def test_what_is_wrong_with_a_request_is_the_clients_own_exception():
    async with served(service_of(*panel()), max_body=10_000) as here:
        create = here.client.chat.completions.create
        with pytest.raises(openai.NotFoundError) as unknown:
            await create(model="gpt-9", messages=QUESTION)
        with pytest.raises(openai.BadRequestError) as tools:
            await create(model="auto", messages=QUESTION, tools=[{"type": "custom"}])
        with pytest.raises(openai.BadRequestError) as empty:
            await create(model="auto", messages=[])
        with pytest.raises(openai.APIStatusError) as large:
            await create(model="auto", messages=[{"role": "user", "content": "x" * 20_000}])
        with pytest.raises(openai.NotFoundError):
            await here.client.models.retrieve("gpt-9")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    assert (tools.value.code, tools.value.param) == ("unsupported_parameter", "tools.0.type")
    assert empty.value.param == "messages"
    assert large.value.status_code == 413


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_panel_that_fails_says_every_reason(stream):
    experts = [ScriptedExpert(name, default=Cause.REJECTED) for name in ("ada", "bob")]
    async with served(service_of(*experts)) as here:
        with pytest.raises(openai.InternalServerError) as failed:
            await here.client.chat.completions.create(
                model="vote", messages=QUESTION, stream=stream
            )
    assert failed.value.status_code == 502
    reasons = {(f["expert"], f["cause"]) for f in failed.value.body["convene"]["failures"]}
    assert reasons == {("ada", "rejected"), ("bob", "rejected")}


async def test_one_expert_that_fails_does_not_sink_the_panel():
    experts = [*panel(), ScriptedExpert("zed", default=Cause.UNAVAILABLE)]
    async with served(service_of(*experts)) as here:
        done = await here.client.chat.completions.create(model="everyone", messages=QUESTION)
    assert done.choices[0].message.content == TEXT
    errors = [r["expert"] for r in done.model_extra["convene"]["replies"] if "error" in r]
    assert errors == ["zed"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_client_that_hangs_up_frees_the_experts(stream):
    experts = [ScriptedExpert(name, default=Hang.FOREVER) for name in ("ada", "bob", "eve")]
    async with served(service_of(*experts)) as here:
        asking = asyncio.create_task(
            here.client.chat.completions.create(model="vote", messages=QUESTION, stream=stream)
        )
        await until(lambda: all(expert.running for expert in experts))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: not any(expert.running for expert in experts))


async def test_a_client_that_hangs_up_in_the_middle_of_a_stream_frees_the_expert():
    class Endless(ScriptedExpert):
        closed = False

        async def stream(self, prompt):
            try:
                while True:
                    yield [Chunk("and so on ")]
                    await asyncio.sleep(0)
            finally:
                self.closed = True

    ada = Endless("ada")
    async with served(service_of(ada)) as here, asyncio.timeout(20):
        async with here.client.chat.completions.with_streaming_response.create(
            model="ada", messages=QUESTION, stream=True
        ) as response:
            async for line in response.iter_lines():
                if "and so on" in line:
                    break
        await until(lambda: ada.closed)


async def test_models_are_listed_and_found():
    async with served(service_of(*panel())) as here:
        ids = [model.id async for model in here.client.models.list()]
        assert (await here.client.models.retrieve("convene/auto")).id == "convene/auto"
    assert ids[0] == "convene/auto"
    assert ids[-4:] == ["ada", "bob", "eve", "convene/encoder"]


async def test_a_fusion_is_written_by_the_model_that_is_named():
    experts = [ScriptedExpert(n, default=f"It is {n}. The answer is {n}.") for n in "abc"]
    fusion = {"id": "fusion", "analysis_models": ["a", "b"], "model": "c"}
    async with served(service_of(*experts)) as here:
        ids = [model.id async for model in here.client.models.list()]
        done = await here.client.chat.completions.create(
            model="convene/fusion", messages=QUESTION, extra_body={"plugins": [fusion]}
        )
    assert "convene/fusion" in ids
    told = done.model_extra["convene"]
    assert (told["panel"], told["author"], told["calls"]) == (["a", "b"], "c", 3)
    assert set(done.usage.model_extra["experts"]) == {"a", "b", "c"}


async def test_texts_are_embedded_whichever_way_the_numbers_travel():
    async with served(service_of(*panel())) as here:
        create = here.client.embeddings.create  # asks for base64 unless told
        texts = ["the sea", "the sky", "the sea"]
        packed = await create(model="convene/encoder", input=texts)
        plain = await create(model="convene/encoder", input=texts[0], encoding_format="float")
        with pytest.raises(openai.NotFoundError):
            await create(model="ada", input="the sea")
    sea, sky, again = (item.embedding for item in packed.data)
    assert sea == again == plain.data[0].embedding != sky
    assert [item.index for item in packed.data] == [0, 1, 2]
    assert packed.usage.total_tokens == 6


async def test_a_dry_run_asks_nobody():
    experts = panel()
    async with served(service_of(*experts)) as here, httpx.AsyncClient() as http:
        response = await http.post(
            f"{here.url}/v1/route", json={"question": "6 x 7?", "options": ["41", "42"]}
        )
    assert sorted(response.json()["panel"]) == ["ada", "bob", "eve"]
    assert not any(expert.asked for expert in experts)


async def test_many_clients_at_once_are_each_answered_with_their_own():
    ada = ScriptedExpert("ada", {f"q{i}": f"a{i}" for i in range(200)}, delay=0.01)
    async with served(service_of(ada)) as here, httpx.AsyncClient(timeout=30) as http:

        async def ask(i):
            body = {"model": "ada", "messages": [{"role": "user", "content": f"q{i}"}]}
            response = await http.post(f"{here.url}/v1/chat/completions", json=body)
            return response.json()["choices"][0]["message"]["content"]

        texts = await asyncio.gather(*(ask(i) for i in range(200)))
    assert texts == [f"a{i}" for i in range(200)]
