"""Registered embedding models as OpenAI's own client meets them, over a real server of vectors."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import openai
import pytest
from redis.asyncio import Redis

from api.embedders.opening import opened
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.ledger import Ledger
from api.keys.records import Records
from api.keys.visitor import Keys
from experts.cards import Price
from experts.embedders import HostedEmbedderCard
from experts.scripted import ScriptedExpert
from orchestrator.policies import POLICIES
from routing.redis_server import private_redis
from tests.acceptance import commands
from tests.acceptance.served import served, service_of
from tests.encoders import BagOfWords
from tests.keys import limits, made
from tests.openai_server import answers, embeds, hangs, refuses, serving, vector
from tests.waiting import until

PRICE = Price(input=1_000_000.0)  # a dollar for each token
TEXTS = ["the sea", "the blue sky", "x"]


@pytest.fixture
async def upstream():
    async with serving() as server:
        yield server


@asynccontextmanager
async def embedding(upstream, keys=None, key="none", **values):
    card = HostedEmbedderCard(
        kind="hosted", model="m", base_url=upstream.url, price=PRICE, **values
    )
    expert = ScriptedExpert("ada", default="It is 42.")
    async with (
        opened({"small": card}, BagOfWords()) as models,
        served(service_of(expert), keys=keys, key=key, embedders=models) as here,
    ):
        yield here


async def created(here, texts=TEXTS, **more):
    return await here.client.embeddings.create(model="small", input=texts, **more)


async def test_texts_are_embedded_whichever_way_the_numbers_travel(upstream):
    async with embedding(upstream) as here:
        packed = await created(here)
        plain = await created(here, encoding_format="float")
        upstream.embedding = embeds(base64=False)
        again = await created(here)
        ids = [model.id async for model in here.client.models.list()]
    for found in (packed, plain, again):
        assert [item.embedding for item in found.data] == [
            vector(text, place) for place, text in enumerate(TEXTS)
        ]
        assert [item.index for item in found.data] == [0, 1, 2]
        assert (found.model, found.usage.prompt_tokens) == ("small", 6)
    assert ids[-2:] == ["convene/encoder", "small"]


async def test_many_texts_go_in_one_call_and_tokens_are_passed_on(upstream):
    many = [f"text {number}" for number in range(2048)]
    async with embedding(upstream) as here:
        found = await created(here, many)
        one = await created(here, [7, 8, 9])
        two = await created(here, [[7], [8, 9]])
    assert [item.embedding[1] for item in found.data] == list(range(2048))
    assert [len(call.body["input"]) for call in upstream.calls] == [2048, 1, 2]
    assert (one.data[0].embedding[0], two.usage.prompt_tokens) == (3.0, 3)


async def test_dimensions_are_the_servers_to_give(upstream):
    async with embedding(upstream) as here:
        assert len((await created(here, dimensions=2)).data[0].embedding) == 2
        upstream.next.append(answers({"data": [{"embedding": [1.0, 2.0]}]}))
        with pytest.raises(openai.BadRequestError) as refused:
            await created(here, "x", dimensions=3)
    assert (refused.value.param, "2 numbers" in str(refused.value)) == ("dimensions", True)


@pytest.mark.parametrize(
    ("behaviour", "status", "code", "headers"),
    [
        (answers({"data": []}), 502, "embedder_failed", {"x-should-retry": "false"}),
        (
            answers({"data": [{"embedding": []}] * 3}),
            502,
            "embedder_failed",
            {"x-should-retry": "false"},
        ),
        (refuses(401, "no such key"), 502, "embedder_failed", {"x-should-retry": "false"}),
        (
            refuses(429, "slow down", Retry_After="99"),
            503,
            "embedder_failed",
            {"retry-after": "99"},
        ),
        (hangs(), 502, "embedder_failed", {}),
        (refuses(400, "maximum context length is 8192"), 400, "context_length_exceeded", {}),
    ],
    ids=["none", "empty", "bad key", "busy", "hangs", "too long"],
)
async def test_a_failure_is_told_as_what_it_is(upstream, behaviour, status, code, headers):
    upstream.embedding = behaviour
    async with embedding(upstream, seconds=0.5) as here:
        with pytest.raises(openai.APIStatusError) as failed:
            await created(here)
    assert (failed.value.status_code, failed.value.code) == (status, code)
    assert headers.items() <= dict(failed.value.response.headers).items()


async def test_a_client_that_leaves_ends_the_call(upstream):
    upstream.embedding = hangs()
    async with embedding(upstream) as here:
        asking = asyncio.create_task(created(here))
        await until(lambda: upstream.running == 1)
        asking.cancel()
        await until(lambda: upstream.running == 0)


async def test_a_name_that_nobody_has_is_not_found(upstream):
    async with embedding(upstream) as here:
        with pytest.raises(openai.NotFoundError) as missing:
            await here.client.embeddings.create(model="big", input="x")
    assert missing.value.code == "model_not_found"
    assert "convene/encoder, small" in str(missing.value)


@pytest.fixture
async def redis(tmp_path):
    async with private_redis(tmp_path / "redis") as url, Redis.from_url(url) as redis:
        yield redis


@pytest.mark.parametrize("model", ["small", "convene/encoder"])
async def test_what_is_embedded_counts_against_the_keys_limits(upstream, redis, model):
    key, token = made(limits=limits(requests=["2/day"], tokens=["1000/day"]))
    await Records(redis).add(key)
    keys = Keys(Keeper(Records(redis), Ledger(redis)), Estimator({}, POLICIES))
    async with embedding(upstream, keys, token) as here:
        create = here.client.with_raw_response.embeddings.create
        await create(model=model, input=["the sea", "the blue sky"])
        second = await create(model=model, input="x")
        with pytest.raises(openai.RateLimitError) as refused:
            await create(model=model, input="x")
    assert second.headers["x-ratelimit-remaining-requests"] == "0"
    assert 1000 - int(second.headers["x-ratelimit-remaining-tokens"]) in range(6, 12)
    assert int(refused.value.response.headers["retry-after"]) > 0


async def test_dollars_are_spent_as_the_server_tells_of_tokens(upstream, redis):
    key, token = made(limits=limits(dollars=["10/day"]))
    await Records(redis).add(key)
    keys = Keys(Keeper(Records(redis), Ledger(redis)), Estimator({}, POLICIES))
    upstream.embedding = embeds(tokens=4)
    async with embedding(upstream, keys, token) as here:
        await created(here, "x")
        await created(here, "x")
        with pytest.raises(openai.RateLimitError) as refused:
            await created(here, "x")
        with pytest.raises(openai.RateLimitError) as never:
            await created(here, "a text that may be dear")
    assert refused.value.code == never.value.code == "insufficient_quota"
    assert never.value.response.headers["x-should-retry"] == "false"
    assert len(upstream.calls) == 2


async def test_a_registry_file_lists_them(upstream, tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(
        'experts:\n  ada: {kind: scripted, default: "It is 42."}\n'
        f"embedders:\n  small: {{kind: hosted, model: m, base_url: {upstream.url}}}\n"
        f"service: {{data: {tmp_path / 'data'}}}\n"
    )
    assert (await commands.convene("validate", file)).code == 0
    assert (await commands.convene("experts", "check", "--config", file)).code == 0
    async with (
        commands.serving("--config", file) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - a prober
                await asyncio.sleep(0.05)
        found = await client.post("/v1/embeddings", json={"model": "small", "input": "the sea"})
    assert found.json()["data"][0]["embedding"] == vector("the sea", 0)
