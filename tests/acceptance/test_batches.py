"""Files and batches as OpenAI's own client uses them, over a real server and a real Redis."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import openai
import pytest
from openai.types import Batch as OpenAIBatch
from redis.asyncio import Redis

from api.batches.desk import Desk
from api.keys.demand import keeping
from api.keys.estimates import Estimator
from api.keys.records import Records
from api.keys.visitor import Keys
from api.listening import Demand
from api.settings import BatchSettings
from experts.cards import ScriptedCard
from experts.scripted import ScriptedExpert
from experts.types import Cause
from orchestrator.policies import POLICIES
from routing.redis_server import private_redis
from tests.acceptance.served import served, service_of
from tests.batches import jsonl, line
from tests.keys import limits, made

CARDS = {name: ScriptedCard(kind="scripted", max_tokens=10) for name in ("ada", "bob")}


@pytest.fixture
async def redis(tmp_path):
    async with private_redis(tmp_path) as url, Redis.from_url(url) as redis:
        yield redis


EXPERTS = (
    ScriptedExpert("ada", default="It is 42."),
    ScriptedExpert("bob", {"Is it 3?": Cause.REJECTED}, "It is 42."),
)


@asynccontextmanager
async def at(redis, *, keeper=None, key="none", at_once=4):
    estimator = Estimator(CARDS, POLICIES)
    keys = Keys(keeper, estimator) if keeper else None
    desk = Desk.on(redis, BatchSettings(at_once=at_once), estimator if keeper else None)
    async with served(service_of(*EXPERTS), keys=keys, key=key, desk=desk) as there:
        yield there


async def uploaded(client, *items):
    return await client.files.create(file=("in.jsonl", jsonl(*items)), purpose="batch")


async def begun(client, *items, **more):
    file = await uploaded(client, *items)
    return await client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", **more
    )


async def ended(client, id, *statuses):
    async with asyncio.timeout(30):
        while (batch := await client.batches.retrieve(id)).status not in statuses:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return batch


async def told(client, file_id):
    content = await client.files.content(file_id)
    return {found["custom_id"]: found for found in map(json.loads, content.text.splitlines())}


async def test_a_batch_goes_from_a_file_to_an_output_and_an_error_file(redis):
    async with at(redis) as there:
        client = there.client
        items = [line(1), line(2, "auto"), line(3, "bob"), line(5, "nobody"), line(6, n=2)]
        batch = await begun(client, *items, metadata={"run": "nightly"})
        assert batch.object == "batch"
        batch = await ended(client, batch.id, "completed")
        counts = batch.request_counts
        assert (counts.total, counts.completed, counts.failed) == (5, 2, 3)
        assert batch.metadata == {"run": "nightly"}
        output = await told(client, batch.output_file_id)
        assert output.keys() == {"q1", "q2"}
        body = output["q1"]["response"]["body"]
        assert body["choices"][0]["message"]["content"] == "It is 42."
        assert batch.usage.output_tokens > 0
        errors = await told(client, batch.error_file_id)
        statuses = {id: found["response"]["status_code"] for id, found in errors.items()}
        assert statuses == {"q3": 502, "q5": 404, "q6": 400}
        listed = [each.id async for each in client.batches.list()]
        assert listed == [batch.id]


async def test_a_file_that_is_not_valid_fails_the_batch_line_by_line(redis):
    async with at(redis) as there:
        client = there.client
        raw = jsonl(line(1), line(1)) + b"what?\n"
        file = await client.files.create(file=("in.jsonl", raw), purpose="batch")
        batch = await client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        batch = await ended(client, batch.id, "failed")
    problems = [(each.code, each.line) for each in batch.errors.data]
    assert problems == [("duplicate_custom_id", 2), ("invalid_json_line", 3)]


async def test_files_are_listed_fetched_and_deleted(redis):
    async with at(redis) as there:
        client = there.client
        made = [await uploaded(client, line(n)) for n in range(5)]
        pages = client.files.list(limit=2, order="asc")
        assert [file.id async for file in pages] == [file.id for file in made]
        assert await client.files.retrieve(made[0].id) == made[0]
        content = await client.files.content(made[0].id)
        assert content.content == jsonl(line(0))
        assert (await client.files.delete(made[0].id)).deleted
        with pytest.raises(openai.NotFoundError):
            await client.files.content(made[0].id)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"input_file_id": "file-nobody"}, "input_file_id"),
        ({"endpoint": "/v1/embeddings"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"metadata": {"a": "x" * 600}}, "metadata.a"),
    ],
    ids=["file", "endpoint", "window", "metadata"],
)
async def test_a_batch_that_cannot_be_is_refused_by_the_parameter(redis, wrong, param):
    async with at(redis) as there:
        file = await uploaded(there.client, line(1))
        wish = {"input_file_id": file.id, "endpoint": "/v1/chat/completions"}
        with pytest.raises(openai.BadRequestError) as refused:
            await there.client.batches.create(**{**wish, "completion_window": "24h", **wrong})
    assert refused.value.param == param


async def test_a_purpose_of_other_services_is_refused_and_nothing_is_kept(redis):
    async with at(redis) as there:
        with pytest.raises(openai.BadRequestError, match="files are for batches"):
            await there.client.files.create(file=b"{}", purpose="fine-tune")
        assert [file async for file in there.client.files.list()] == []


async def test_one_that_is_cancelled_can_be_gone_on_with(redis):
    async with at(redis, at_once=0) as there:  # it works on none
        batch = await begun(there.client, line(1), line(2))
        assert (await there.client.batches.cancel(batch.id)).status == "cancelling"
    async with at(redis) as there:
        client = there.client
        batch = await ended(client, batch.id, "cancelled")
        assert batch.output_file_id is None
        resumed = await client.post(f"/batches/{batch.id}/resume", cast_to=OpenAIBatch)
        assert (resumed.status, resumed.error_file_id) == ("validating", None)
        batch = await ended(client, batch.id, "completed")
        assert (await told(client, batch.output_file_id)).keys() == {"q1", "q2"}
        with pytest.raises(openai.ConflictError, match="the batch is completed"):
            await client.post(f"/batches/{batch.id}/resume", cast_to=OpenAIBatch)


async def test_who_watches_sees_a_batch_to_its_end(redis):
    async with at(redis) as there, httpx.AsyncClient(timeout=30) as client:
        batch = await begun(there.client, *map(line, range(20)))
        events = await client.get(f"{there.url}/v1/batches/{batch.id}/events")
        unknown = await client.get(f"{there.url}/v1/batches/batch_x/events")
    data = [part[6:] for part in events.text.split("\n\n") if part.startswith("data: ")]
    assert data.pop() == "[DONE]"
    last = json.loads(data[-1])
    assert last["status"] == "completed"
    assert last["convene"]["experts"] == {"ada": 20}
    assert unknown.status_code == 404


@asynccontextmanager
async def keyed(redis):
    """A service that asks for keys, and clients of two tenants."""
    one, other = await key_of(redis, "one"), await key_of(redis, "other")
    async with (
        keeping(redis, Demand.ALWAYS, 60.0) as keeper,
        at(redis, keeper=keeper, key=one) as there,
    ):
        yield there.client, there.client.with_options(api_key=other)


async def key_of(redis, tenant, **bound):
    key, token = made(f"{tenant}{len(bound)}", tenant=tenant, limits=limits(**bound))
    await Records(redis).add(key)
    return token


async def test_another_tenants_files_and_batches_are_as_if_there_were_none(redis):
    async with keyed(redis) as (one, other):
        batch = await begun(one, line(1))
        batch = await ended(one, batch.id, "completed")
        ids = (batch.input_file_id, batch.output_file_id)
        calls = [lambda f=f: other.files.retrieve(f) for f in ids]
        calls += [lambda f=f: other.files.content(f) for f in ids]
        calls += [lambda f=f: other.files.delete(f) for f in ids]
        calls += [lambda: other.batches.retrieve(batch.id), lambda: other.batches.cancel(batch.id)]
        calls += [lambda: other.get(f"/batches/{batch.id}/events", cast_to=str)]
        calls += [lambda: other.post(f"/batches/{batch.id}/resume", cast_to=str)]
        for call in calls:
            with pytest.raises(openai.NotFoundError):
                await call()
        with pytest.raises(openai.BadRequestError, match="none of your files"):
            await other.batches.create(
                input_file_id=ids[0], endpoint="/v1/chat/completions", completion_window="24h"
            )
        assert [file async for file in other.files.list()] == []
        assert [found async for found in other.batches.list()] == []


async def test_lines_that_a_key_may_never_ask_are_errors_and_the_rest_is_charged_to_it(redis):
    async with keyed(redis) as (one, _):
        client = one.with_options(api_key=await key_of(redis, "one", tokens=["60/day"]))
        batch = await begun(client, line(1), line(2, messages=line("x" * 500)["body"]["messages"]))
        batch = await ended(client, batch.id, "completed")
        assert (await told(client, batch.output_file_id)).keys() == {"q1"}
        (error,) = (await told(client, batch.error_file_id)).values()
    assert error["response"]["status_code"] == 429
    assert error["response"]["body"]["error"]["code"] == "rate_limit_exceeded"
