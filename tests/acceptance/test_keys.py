"""Keys as operators and clients meet them: by command, and over HTTP against a real Redis."""

import asyncio
import json
import random

import httpx
import openai
import pytest
from redis.asyncio import Redis

from api.keys import names
from api.keys.estimates import Estimator
from api.keys.keeper import Keeper
from api.keys.ledger import Ledger
from api.keys.limits import NANO, Period, Unit, window
from api.keys.records import Records
from api.keys.visitor import Keys
from experts.cards import Price, ScriptedCard
from experts.scripted import Hang, ScriptedExpert
from experts.types import Prompt
from orchestrator.policies import POLICIES
from orchestrator.types import Request
from routing.redis_server import private_redis
from tests.acceptance import commands
from tests.acceptance.commands import convene
from tests.acceptance.served import served, service_of
from tests.keys import limits, made
from tests.waiting import until

QUESTION = [{"role": "user", "content": "What is 6 x 7?"}]
PRICE = Price(input=100.0, output=100.0)
NAMES = ("ada", "bob", "eve")
ESTIMATOR = Estimator(
    {name: ScriptedCard(kind="scripted", price=PRICE, max_tokens=100) for name in NAMES}, POLICIES
)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "convene.yaml"
    file.write_text(
        'experts:\n  ada: {kind: scripted, default: "It is 42."}\n'
        f"service: {{data: {tmp_path / 'data'}}}\n"
    )
    return file


async def keys(config, *arguments):
    return await convene("keys", *arguments, "--config", config)


async def ready(client):
    async with asyncio.timeout(60):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - as a prober
            await asyncio.sleep(0.05)


def asking(token, **more):
    return {
        "url": "/v1/chat/completions",
        "json": {"model": "ada", "messages": QUESTION, **more},
        "headers": {"authorization": f"Bearer {token}"},
    }


async def test_a_host_that_others_reach_is_served_once_there_is_a_key(config):
    refused = await convene("serve", "--host", "0.0.0.0", "--config", config)
    assert (refused.code, "convene keys create" in refused.err) == (2, True)
    made_ = await keys(config, "create", "app", "--requests", "2/day", "--tenant", "acme")
    token = made_.out.strip()
    assert "shown again" in made_.err
    async with (
        commands.serving("--config", config, "--host", "0.0.0.0") as address,
        httpx.AsyncClient(base_url=address.replace("0.0.0.0", "127.0.0.1"), timeout=60) as client,
    ):
        await ready(client)
        assert (await client.get("/v1/models")).status_code == 401
        answered = await client.post(**asking(token))
        assert (answered.status_code, answered.headers["x-ratelimit-remaining-requests"]) == (
            200,
            "1",
        )
        fresh = (await keys(config, "rotate", "app")).out.strip()
        assert (await client.post(**asking(token))).status_code == 401
        assert (await client.post(**asking(fresh))).status_code == 200
        limited = await client.post(**asking(fresh))
        assert (limited.status_code, limited.json()["error"]["code"]) == (
            429,
            "rate_limit_exceeded",
        )
        assert int(limited.headers["retry-after"]) > 0
        assert limited.headers["x-ratelimit-remaining-requests"] == "0"
        await keys(config, "revoke", "app")
        assert (await client.post(**asking(fresh))).status_code == 401


async def test_loopback_asks_for_keys_once_there_are_any(config):
    token = json.loads((await keys(config, "create", "app", "--json")).out)["key"]
    async with (
        commands.serving("--config", config) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        await ready(client)
        assert (await client.post(**asking("none"))).status_code == 401
        assert (await client.post(**asking(token))).status_code == 200


async def test_keys_are_listed_without_what_would_open_anything(config):
    token = (await keys(config, "create", "app", "--dollars", "2.5/day", "--days", "1")).out.strip()
    await keys(config, "create", "boss", "--role", "admin", "--concurrent", "2")
    await keys(config, "revoke", "boss")
    listed = await keys(config, "list", "--json")
    app, boss = json.loads(listed.out)
    assert (app["name"], app["tenant"], app["role"], app["state"]) == (
        "app",
        "app",
        "use",
        "active",
    )
    assert (boss["role"], boss["state"], boss["concurrent"]) == ("admin", "revoked", 2)
    shown = await keys(config, "list")
    assert "2.5/day dollars" in shown.out
    assert token.rpartition("_")[2] not in listed.out + shown.out
    assert not {"seals", "salt", "hash", "key"} & app.keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "app", "--requests", "many"),
        ("create", "app", "--dollars", "1/day", "--dollars", "2/day"),
        ("create", " "),
        ("create", "app", "--role", "root"),
        ("revoke", "nobody"),
        ("rotate", "nobody"),
    ],
    ids=" ".join,
)
async def test_a_wrong_command_is_told_plainly(config, arguments):
    ended = await keys(config, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err


class Pair:
    """Two servers, as two workers, on one Redis, and a key for both."""

    def __init__(self, redis, *experts, **bound):
        self.redis = redis
        self.key, self.token = made(limits=limits(**bound))
        self.experts = experts

    def worker(self):
        keeper = Keeper(Records(self.redis), Ledger(self.redis))
        service = service_of(*self.experts)
        return served(service, keys=Keys(keeper, ESTIMATOR), key=self.token)

    async def used(self, unit, period=Period.MONTH):
        from time import time

        name = names.used(self.key.id, unit, period, window(period, time()).name)
        return int(await self.redis.get(name) or 0)

    async def in_flight(self):
        return await self.redis.zcard(names.flight(self.key.id))


@pytest.fixture
async def redis(tmp_path):
    async with private_redis(tmp_path / "redis") as url, Redis.from_url(url) as redis:
        yield redis


def panel(default="The answer is 42."):
    return [ScriptedExpert(name, default=default, delay=0.01, price=PRICE) for name in NAMES]


async def test_32_clients_of_two_workers_spend_no_more_than_the_budget(redis):
    pair = Pair(redis, *panel(), dollars=["0.5/month"])
    await Records(redis).add(pair.key)
    spent, codes = 0, []

    async def client_of(worker):
        nonlocal spent
        while True:
            try:
                done = await worker.client.chat.completions.create(
                    model=random.choice(["vote", "ada"]), messages=QUESTION
                )
            except openai.RateLimitError as error:
                codes.append(error.code)
                if error.response.headers["retry-after"] != "1":
                    return
                await asyncio.sleep(0.01)
            else:
                spent += round(done.usage.total_tokens * PRICE.input * NANO / 1e6)

    async with pair.worker() as one, pair.worker() as other, asyncio.timeout(120):
        await asyncio.gather(*(client_of((one, other)[i % 2]) for i in range(32)))
    dearest = ESTIMATOR.estimate(Request(Prompt.of(QUESTION[0]["content"]), "vote")).whole
    assert set(codes) == {"insufficient_quota"}
    assert NANO // 2 - dearest.nanodollars < spent <= NANO // 2
    assert await pair.used(Unit.DOLLARS) == spent
    assert await pair.in_flight() == 0


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_client_that_hangs_up_frees_its_place_at_once_and_pays(redis, stream):
    experts = [ScriptedExpert(name, default=Hang.FOREVER) for name in NAMES]
    pair = Pair(redis, *experts, concurrent=1, tokens=["100000/month"])
    await Records(redis).add(pair.key)
    async with pair.worker() as here:
        create = here.client.chat.completions.create
        first = asyncio.create_task(create(model="vote", messages=QUESTION, stream=stream))
        await until(lambda: all(expert.running for expert in experts))
        with pytest.raises(openai.RateLimitError, match="in flight"):
            await create(model="ada", messages=QUESTION)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await until(lambda: not any(expert.running for expert in experts))
        async with asyncio.timeout(5):
            while await pair.in_flight():  # noqa: ASYNC110 - Redis sets no event
                await asyncio.sleep(0.01)
    assert await pair.used(Unit.TOKENS) > 3 * 100


async def test_streams_are_settled_and_say_how_the_key_stands(redis):
    pair = Pair(redis, *panel(), tokens=["100000/month"])
    await Records(redis).add(pair.key)
    async with pair.worker() as here:
        raw = await here.client.chat.completions.with_raw_response.create(
            model="vote", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in raw.parse()]
    assert int(raw.headers["x-ratelimit-remaining-tokens"]) < 100_000
    assert await pair.used(Unit.TOKENS) == chunks[-1].usage.total_tokens


async def test_samples_and_fusions_are_settled_for_what_they_took(redis):
    pair = Pair(redis, *panel(), tokens=["100000/month"], requests=["100/month"])
    await Records(redis).add(pair.key)
    fusion = {"id": "fusion", "analysis_models": ["ada", "bob"], "model": "eve"}
    async with pair.worker() as here:
        create = here.client.chat.completions.create
        sampled = await create(model="ada", messages=QUESTION, n=3)
        fused = await create(
            model="convene/fusion", messages=QUESTION, extra_body={"plugins": [fusion]}
        )
    assert len(sampled.choices) == 3
    taken = sampled.usage.total_tokens + fused.usage.total_tokens
    assert await pair.used(Unit.TOKENS) == taken
    assert await pair.used(Unit.REQUESTS) == 4
    assert await pair.in_flight() == 0


async def test_a_fusion_beyond_the_limit_asks_nobody(redis):
    experts = panel()
    pair = Pair(redis, *experts, tokens=["300/month"])  # a reply, but not three
    await Records(redis).add(pair.key)
    fusion = {"id": "fusion", "analysis_models": ["ada", "bob"], "model": "eve"}
    async with pair.worker() as here:
        create = here.client.chat.completions.create
        with pytest.raises(openai.RateLimitError):
            await create(
                model="convene/fusion", messages=QUESTION, extra_body={"plugins": [fusion]}
            )
        assert not any(expert.asked for expert in experts)
        await create(model="ada", messages=QUESTION)


async def test_a_wrong_key_is_the_clients_own_exception(redis):
    pair = Pair(redis, *panel())
    await Records(redis).add(pair.key)
    async with pair.worker() as here:
        wrong = here.client.with_options(api_key=pair.token[:-3] + "AAA")
        with pytest.raises(openai.AuthenticationError) as refused:
            await wrong.chat.completions.create(model="ada", messages=QUESTION)
    assert refused.value.code == "invalid_api_key"


async def test_keys_go_on_while_redis_is_gone(tmp_path):
    async with private_redis(tmp_path / "redis") as url:
        redis = Redis.from_url(url)
        pair = Pair(redis, *panel(), requests=["1000/month"])
        stranger, unknown = made("other")
        for key in (pair.key, stranger):
            await Records(redis).add(key)
        async with pair.worker() as here:
            create = here.client.chat.completions.create
            await create(model="ada", messages=QUESTION)
            await redis.shutdown()
            for _ in range(3):
                done = await create(model="ada", messages=QUESTION)
                assert done.choices[0].message.content == "The answer is 42."
            with pytest.raises(openai.InternalServerError) as refused:
                await here.client.with_options(api_key=unknown).chat.completions.create(
                    model="ada", messages=QUESTION
                )
            assert refused.value.status_code == 503
        await redis.aclose()
