"""Files and batches as OpenAI's own client uses them, over a real server and a real Redis."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from api.batches.desk import Desk
from api.keys.estimates import Estimator
from api.keys.visitor import Keys
from api.settings import BatchSettings
from experts.cards import ScriptedCard
from experts.scripted import Hang, ScriptedExpert
from experts.types import Cause
from orchestrator.policies import POLICIES
from routing.redis_server import private_redis
from tests.acceptance.served import served, service_of

CARDS = {name: ScriptedCard(kind="scripted", max_tokens=10) for name in ("ada", "bob")}


def line(number, model="ada", **more):
    body = {"model": model, "messages": [{"role": "user", "content": f"Is it {number}?"}], **more}
    return {
        "custom_id": f"q{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": body,
    }


def lines(*items):
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@pytest.fixture
async def redis(tmp_path):
    async with private_redis(tmp_path) as url, Redis.from_url(url) as redis:
        yield redis


EXPERTS = (
    ScriptedExpert("ada", default="It is 42."),
    ScriptedExpert("bob", {"Is it 3?": Cause.REJECTED, "Is it 4?": Hang.FOREVER}, "No."),
)


@asynccontextmanager
async def at(redis, *, keeper=None, key="none", experts=EXPERTS):
    estimator = Estimator(CARDS, POLICIES)
    keys = Keys(keeper, estimator) if keeper else None
    desk = Desk.on(redis, BatchSettings(), estimator if keeper else None)
    async with served(service_of(*experts), keys=keys, key=key, desk=desk) as there:
        yield there


async def uploaded(client, *items):
    return await client.files.create(file=("in.jsonl", lines(*items)), purpose="batch")


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
